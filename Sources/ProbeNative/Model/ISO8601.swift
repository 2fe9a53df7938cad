extension WallTime {
    /// `2026-01-31T12:34:56.789Z` (RFC 3339, UTC, milliseconds). Written by hand: it is on the hot path, and
    /// Foundation's formatter costs microseconds and megabytes.
    public var iso8601: String {
        String(unsafeUninitializedCapacity: Self.iso8601Length) { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            writeISO8601(to: start)
            return Self.iso8601Length
        }
    }

    /// In ASCII bytes.
    package static let iso8601Length = 24

    /// Writes the 24 ASCII bytes of `iso8601`.
    package func writeISO8601(to bytes: UnsafeMutablePointer<UInt8>) {
        let milliseconds = Self.floorDivide(nanoseconds, 1_000_000)
        let seconds = Self.floorDivide(milliseconds, 1000)
        let days = Self.floorDivide(seconds, 86400)
        let secondOfDay = Int(seconds - days * 86400)
        let (year, month, day) = Self.civil(fromDays: Int(days))
        func put(_ value: Int, _ digits: Int, at start: Int) {
            var rest = value
            var place = start + digits
            while place > start {
                place -= 1
                bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
        put(min(max(year, 0), 9999), 4, at: 0)
        bytes[4] = UInt8(ascii: "-")
        put(month, 2, at: 5)
        bytes[7] = UInt8(ascii: "-")
        put(day, 2, at: 8)
        bytes[10] = UInt8(ascii: "T")
        put(secondOfDay / 3600, 2, at: 11)
        bytes[13] = UInt8(ascii: ":")
        put(secondOfDay / 60 % 60, 2, at: 14)
        bytes[16] = UInt8(ascii: ":")
        put(secondOfDay % 60, 2, at: 17)
        bytes[19] = UInt8(ascii: ".")
        put(Int(milliseconds - seconds * 1000), 3, at: 20)
        bytes[23] = UInt8(ascii: "Z")
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

    /// Proleptic Gregorian date of a day number counted from 1970-01-01 (the era arithmetic of Howard Hinnant's
    /// "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Days since 1970-01-01 of a date of the Gregorian calendar (the same paper: days_from_civil). The month is from 1
    /// to 12.
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func days(in month: Int, of year: Int) -> Int {
        month == 12 ? 31 : days(year, month + 1, 1) - days(year, month, 1)
    }
}
