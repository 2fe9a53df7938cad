import GRDB

/// A history may be damaged, or somebody's own work: SQLite keeps any value in any column, and any number. What does not fit
/// is read as the nearest that does, so that no file ends the process, and nothing below has to think of overflow.
enum HistoryValues {
    /// Microseconds, to the year 2200: in nanoseconds too it is a number of 64 bits.
    static let times: ClosedRange<Int64> = 0...7_258_118_400_000_000
    static let hours = 0...times.upperBound / HistoryHour.length
    /// Microseconds: 35 years.
    static let latencies: ClosedRange<Int64> = 0...1 << 50
    static let sums: ClosedRange<Int64> = 0...1 << 60
    static let counts: ClosedRange<Int64> = 0...1 << 40
    static let ids = Int64.min...Int64.max
}

extension Row {
    func number(_ column: Int, in range: ClosedRange<Int64>) -> Int64? {
        let value: DatabaseValue = self[column]
        switch value.storage {
        case .int64(let number): return Swift.min(Swift.max(number, range.lowerBound), range.upperBound)
        case .double(let number):
            if number.isNaN { return nil }
            return number >= Double(range.upperBound)
                ? range.upperBound : number <= Double(range.lowerBound) ? range.lowerBound : Int64(number)
        case .null, .string, .blob: return nil
        }
    }

    func id(_ column: Int) -> Int64 { number(column, in: HistoryValues.ids) ?? 0 }
    func count(_ column: Int) -> Int { Int(number(column, in: HistoryValues.counts) ?? 0) }

    /// Bytes that are no UTF-8 are shown as U+FFFD.
    func text(_ column: Int) -> String? {
        let value: DatabaseValue = self[column]
        switch value.storage {
        case .string(let text): return text
        case .blob(let data): return String(decoding: data, as: UTF8.self)
        case .int64(let number): return "\(number)"
        case .double(let number): return "\(number)"
        case .null: return nil
        }
    }

    func bytes(_ column: Int) -> [UInt8] {
        let value: DatabaseValue = self[column]
        if case .blob(let data) = value.storage { return Array(data) }
        return []
    }
}

extension FixedWidthInteger {
    /// The largest there is where the sum is larger.
    static func +| (a: Self, b: Self) -> Self {
        let (sum, isTooLarge) = a.addingReportingOverflow(b)
        return isTooLarge ? (b < 0 ? .min : .max) : sum
    }

    static func +|= (a: inout Self, b: Self) {
        let sum = a +| b
        a = sum
    }
}

infix operator +| : AdditionPrecedence
infix operator +|= : AssignmentPrecedence
