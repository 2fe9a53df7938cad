import ProbeNative

/// The two things that a comparison sets side by side: two targets, or one target and an option that was given twice.
struct ComparedSides {
    struct Side {
        /// What tells it from the other.
        var label: String
        var job: ToolFlags.Job
    }
    var first: Side
    var second: Side
    /// The option's flag; nil for two targets.
    var option: String?

    /// - Throws: when there is neither, or more than one option has two values.
    init(_ words: ToolWords, usage: String) throws(UsageError) {
        let parsed = words.parsed
        let doubled = try Self.doubled(words)
        var (first, second) = (parsed, parsed)
        if let doubled {
            option = doubled.flag
            first = Self.without(doubled.second, of: parsed)
            second = Self.without(doubled.first, of: parsed)
            self.first = Side(label: doubled.first.value, job: try words.toolFlags.job(first))
            self.second = Side(label: doubled.second.value, job: try words.toolFlags.job(second))
            return
        }
        guard parsed.operands.count > 1 else {
            throw UsageError("Give two targets, or one target and an option twice: \(usage).")
        }
        first.operands.remove(at: 1)
        second.operands.remove(at: 0)
        self.first = Side(label: parsed.operands[0], job: try words.toolFlags.job(first))
        self.second = Side(label: parsed.operands[1], job: try words.toolFlags.job(second))
        guard self.first.label != self.second.label else {
            throw UsageError("\(self.first.label.shownInSentence) is compared with itself.")
        }
    }

    /// One value of an option, and where it was said.
    private struct Mention {
        enum Place: Equatable { case match(Int), operand(Int) }
        var flag: String
        var value: String
        var place: Place
    }

    private static func doubled(_ words: ToolWords) throws(UsageError) -> (
        flag: String, first: Mention, second: Mention
    )? {
        var mentions: [Mention] = []
        for (index, word) in words.parsed.operands.enumerated().dropFirst() where ["@", "+"].contains(word.prefix(1)) {
            guard let match = words.toolFlags.match(operand: word) else { continue }
            mentions.append(Mention(flag: match.flag, value: match.value, place: .operand(index)))
        }
        for (index, match) in words.parsed.matches.enumerated() where words.toolFlags.hasOneValue(match.flag) {
            mentions.append(Mention(flag: match.flag, value: match.value, place: .match(index)))
        }
        let groups = Dictionary(grouping: mentions, by: \.flag).filter { Set($0.value.map(\.value)).count > 1 }
        guard let (flag, values) = groups.min(by: { $0.key < $1.key }) else { return nil }
        guard groups.count == 1 else {
            let names = groups.keys.sorted().map { "--\($0)" }.joined(separator: " and ")
            throw UsageError("\(names) have two values each; one option at a time can be compared.")
        }
        guard values.count == 2 else { throw UsageError("--\(flag) has \(values.count) values; two can be compared.") }
        return (flag, values[0], values[1])
    }

    private static func without(_ mention: Mention, of parsed: FlagParser.Parsed) -> FlagParser.Parsed {
        var parsed = parsed
        switch mention.place {
        case .match(let index): parsed.matches.remove(at: index)
        case .operand(let index): parsed.operands.remove(at: index)
        }
        return parsed
    }
}
