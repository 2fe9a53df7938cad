/// Reads the dates of registries, who have no common way of writing them.
enum WhoisDate {
    /// As ISO 8601: `2026-05-01T12:34:56Z` where a time stands beside the date and its zone is none (then it is taken
    /// for UTC) or known, else `2026-05-01`. Of `01/05/2026` the day comes first, unless it cannot be one. Nil when no
    /// date is there.
    static func normalise(_ text: some StringProtocol) -> String? {
        let scanner = WhoisDateScanner(text)
        for start in scanner.tokens.indices {
            if let (date, end) = scanner.date(at: start) { return scanner.text(of: date, timeAt: end) }
        }
        return nil
    }
}

private struct WhoisDateScanner {
    enum Token: Hashable {
        case number(Int, digits: Int)
        /// In lower case.
        case word(String)
        case mark(UInt8)
    }

    /// A calendar date that exists.
    struct Date {
        var year: Int
        var month: Int
        var day: Int

        init?(_ year: Int, _ month: Int, _ day: Int) {
            guard (1970...2200).contains(year), (1...12).contains(month),
                (1...WallTime.days(in: month, of: year)).contains(day)
            else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
        }
    }

    private static let longest = 128
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    /// Minutes east of UTC, of the names that mean one thing only.
    private static let zones = [
        "z": 0, "utc": 0, "gmt": 0, "cet": 60, "cest": 120, "msk": 180, "jst": 540, "kst": 540,
    ]

    let tokens: [Token]

    init(_ text: some StringProtocol) {
        var tokens: [Token] = []
        var rest = text.utf8.prefix(Self.longest)[...]
        while let byte = rest.first {
            let isDigit: (UInt8) -> Bool = { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let isLetter: (UInt8) -> Bool = { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
            if isDigit(byte) {
                let digits = rest.prefix(while: isDigit)
                rest = rest.dropFirst(digits.count)
                tokens.append(.number(Int(String(decoding: digits, as: UTF8.self)) ?? -1, digits: digits.count))
            } else if isLetter(byte) {
                let letters = rest.prefix(while: isLetter)
                rest = rest.dropFirst(letters.count)
                tokens.append(.word(String(decoding: letters, as: UTF8.self).lowercased()))
            } else {
                rest = rest.dropFirst()
                tokens.append(.mark(byte))
            }
        }
        self.tokens = tokens
    }

    // MARK: Dates

    /// The date that begins at `start`, and where it ends.
    func date(at start: Int) -> (Date, end: Int)? {
        if case .number(let number, let digits) = tokens[start], digits == 8 || digits == 14 {
            let day = digits == 8 ? number : number / 1_000_000
            return Date(day / 10000, day / 100 % 100, day % 100).map { ($0, start + 1) }
        }
        guard let (first, afterFirst) = part(at: start), let (second, afterSecond) = next(afterFirst),
            let (third, end) = next(afterSecond)
        else { return nil }
        switch (first, second, third) {
        case (.year(let year), .short(let month), .short(let day)),
            (.year(let year), .month(let month), .short(let day)),
            (.short(let day), .month(let month), .year(let year)),
            (.month(let month), .short(let day), .year(let year)):
            return Date(year, month, day).map { ($0, end) }
        case (.short(let day), .short(let month), .year(let year)):
            return (Date(year, month, day) ?? Date(year, day, month)).map { ($0, end) }
        case (.month(let month), .short(let day), .short):
            // asctime(3): the time stands before the year.
            guard let year = yearAfterTime(at: afterSecond) else { return nil }
            return Date(year, month, day).map { ($0, afterSecond) }
        default: return nil
        }
    }

    private enum Part {
        case year(Int)
        /// One or two digits: a day, or a month by number.
        case short(Int)
        case month(Int)
    }

    private func part(at index: Int) -> (Part, after: Int)? {
        guard index < tokens.count else { return nil }
        switch tokens[index] {
        case .number(let number, 4): return (.year(number), index + 1)
        case .number(let number, 1...2): return (.short(number), index + 1)
        case .word(let word):
            guard word.count >= 3, let month = Self.months.firstIndex(of: String(word.prefix(3))) else { return nil }
            return (.month(month + 1), index + 1)
        default: return nil
        }
    }

    /// The part after what stands between the parts of a date.
    private func next(_ index: Int) -> (Part, after: Int)? {
        var index = index
        while index < tokens.count {
            switch tokens[index] {
            case .mark(let mark) where "-/. ,".utf8.contains(mark): index += 1
            case .word("st"), .word("nd"), .word("rd"), .word("th"): index += 1
            default: return part(at: index)
            }
        }
        return nil
    }

    private func yearAfterTime(at index: Int) -> Int? {
        for token in tokens[index...].prefix(12) {
            if case .number(let year, 4) = token { return year }
        }
        return nil
    }

    // MARK: The time

    func text(of date: Date, timeAt index: Int) -> String {
        let days = WallTime.days(date.year, date.month, date.day)
        var seconds = Int64(days) * 86400
        guard let (time, offset) = time(at: index) else {
            return String(WallTime(nanoseconds: seconds * 1_000_000_000).iso8601.prefix(10))
        }
        seconds += Int64(time - offset)
        return WallTime(nanoseconds: seconds * 1_000_000_000).iso8601.prefix(19) + "Z"
    }

    /// Second of the day, and seconds east of UTC. Nil when there is no time, or its zone is not known.
    private func time(at start: Int) -> (Int, offset: Int)? {
        if start > 0, case .number(let number, 14) = tokens[start - 1] {
            let time = number % 1_000_000
            return clock(time / 10000, time / 100 % 100, time % 100).map { ($0, 0) }
        }
        var index = start
        while index < tokens.count, tokens[index] == .word("t") || isMark(index, " (,.") { index += 1 }
        guard let hour = short(index), isMark(index + 1, ":"), let minute = short(index + 2) else { return nil }
        index += 3
        var second = 0
        if isMark(index, ":"), let value = short(index + 1) {
            second = value
            index += 2
            if isMark(index, ".,"), case .number? = token(index + 1) { index += 2 }
        }
        guard let time = clock(hour, minute, second), let offset = zone(at: index) else { return nil }
        return (time, offset)
    }

    private func clock(_ hour: Int, _ minute: Int, _ second: Int) -> Int? {
        guard hour < 24, minute < 60, second <= 60 else { return nil }
        return hour * 3600 + minute * 60 + min(second, 59)
    }

    /// Nil for a name that is not in the table.
    private func zone(at start: Int) -> Int? {
        var index = start
        while isMark(index, " (") { index += 1 }
        var offset = 0
        if case .word(let name)? = token(index) {
            guard let minutes = Self.zones[name] else { return nil }
            offset = minutes * 60
            index += 1
        }
        guard isMark(index, "+-"), case .number(let number, let digits)? = token(index + 1) else { return offset }
        let sign = tokens[index] == .mark(UInt8(ascii: "-")) ? -1 : 1
        switch digits {
        case 4: return sign * (number / 100 * 3600 + number % 100 * 60)
        case 1...2:
            let minutes = isMark(index + 2, ":") ? short(index + 3) ?? 0 : 0
            return sign * (number * 3600 + minutes * 60)
        default: return offset
        }
    }

    private func token(_ index: Int) -> Token? { tokens.indices.contains(index) ? tokens[index] : nil }
    private func isMark(_ index: Int, _ marks: String) -> Bool {
        if case .mark(let mark)? = token(index) { marks.utf8.contains(mark) } else { false }
    }
    private func short(_ index: Int) -> Int? {
        if case .number(let number, 1...2)? = token(index) { number } else { nil }
    }
}
