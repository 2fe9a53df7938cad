/// Five fields as of crontab(5): minute, hour, day of month, month, day of week; in UTC.
///
/// Lists, ranges, steps and English names of three letters. When both days are restricted either will do, as in cron.
struct CronExpression: Sendable, Equatable {
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let anyOfBothDays: Bool

    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Nil when it is none.
    init?(_ text: String) {
        let fields = text.lowercased().split(separator: " ").map(String.init)
        guard fields.count == 5, let minutes = Self.bits(fields[0], 0...59), let hours = Self.bits(fields[1], 0...23),
            let days = Self.bits(fields[2], 1...31),
            let months = Self.bits(fields[3], 1...12, Self.monthNames, from: 1),
            let weekdays = Self.bits(fields[4], 0...7, Self.weekdayNames)
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        // Sunday is 0 and 7.
        self.weekdays = weekdays | (weekdays >> 7 & 1)
        anyOfBothDays = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
    }

    /// The values of a field, as bits.
    private static func bits(
        _ field: String, _ range: ClosedRange<Int>, _ names: [String] = [], from first: Int = 0
    ) -> UInt64? {
        func value(_ text: Substring) -> Int? {
            let value = names.firstIndex(of: String(text)).map { $0 + first } ?? Int(text)
            return value.flatMap { range.contains($0) ? $0 : nil }
        }
        var bits: UInt64 = 0
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let span = halves.first else { return nil }
            let step = halves.count == 2 ? Int(halves[1]) : 1
            guard let step, step > 0 else { return nil }
            let ends = span.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let values: ClosedRange<Int>
            if span == "*" {
                values = range
            } else if ends.count == 2 {
                guard let low = value(ends[0]), let high = value(ends[1]), low <= high else { return nil }
                values = low...high
            } else {
                guard let low = value(span) else { return nil }
                values = low...(halves.count == 2 ? range.upperBound : low)
            }
            for value in stride(from: values.lowerBound, through: values.upperBound, by: step) { bits |= 1 << value }
        }
        return bits
    }

    /// The first minute after that moment that it names; nil when there is none in eight years, as on 31 February.
    func next(after moment: Instant) -> Instant? {
        let first = moment.milliseconds / 60_000 + 1
        let (today, minute) = (first / 1440, Int(first % 1440))
        // From 2096 to 2104 there are eight years without a 29 February.
        for day in today...today + 366 * 8 + 2 where isDue(day: day) {
            let earliest = day == today ? minute : 0
            let due = (earliest..<1440).first {
                hours >> UInt64($0 / 60) & 1 == 1 && minutes >> UInt64($0 % 60) & 1 == 1
            }
            if let due { return Instant(milliseconds: (day * 1440 + Int64(due)) * 60_000) }
        }
        return nil
    }

    /// - Parameter day: since 1 January 1970, which was a Thursday.
    private func isDue(day: Int64) -> Bool {
        let (month, dayOfMonth) = Self.civil(day)
        guard months >> UInt64(month) & 1 == 1 else { return false }
        let isDay = days >> UInt64(dayOfMonth) & 1 == 1
        let isWeekday = weekdays >> UInt64((day + 4) % 7) & 1 == 1
        return anyOfBothDays ? isDay || isWeekday : isDay && isWeekday
    }

    /// Month and day of month in the Gregorian calendar, of days since 1970: years are counted from 1 March, so that the
    /// leap day is the last of one, in eras of 400 years.
    private static func civil(_ day: Int64) -> (month: Int64, day: Int64) {
        let dayOfEra = (day + 719_468) % 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}
