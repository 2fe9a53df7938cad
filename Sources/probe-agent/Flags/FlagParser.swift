import ProbeAgent
import ProbeNative

/// Matches words of a command line with a list of flags that is known only at run time, which swift-argument-parser
/// cannot do: it reads its options from the properties of a type.
struct FlagParser {
    struct Match: Equatable {
        var flag: String
        var value: String
    }
    struct Parsed {
        /// In their order, repeated ones too. A toggle's value is "true" or "false".
        var matches: [Match] = []
        /// What is no flag.
        var operands: [String] = []

        func last(_ flag: String) -> String? { matches.last { $0.flag == flag }?.value }

        /// - Parameter what: what its number is, in the sentence that refuses another.
        /// - Throws: for what is no decimal number, or none of the range.
        func integer(
            _ flag: Flag, in range: ClosedRange<Int>, _ what: String = "a whole number"
        ) throws(UsageError) -> Int? {
            guard let text = last(flag.name) else { return nil }
            guard let number = Int(text), range.contains(number) else {
                throw UsageError(
                    "--\(flag.name) must be \(what) from \(range.lowerBound) to \(range.upperBound), "
                        + "not \(text.shownInSentence).")
            }
            return number
        }

        /// By name: the last value of each, of one that may be repeated all of them with commas in between.
        func values(of settings: [Setting]) -> [String: String] {
            var values: [String: String] = [:]
            for setting in settings {
                let given = matches.filter { $0.flag == setting.name }.map(\.value)
                values[setting.name] = setting.isList && !given.isEmpty ? given.joined(separator: ",") : given.last
            }
            return values
        }
    }

    private let flags: [Flag]
    private let presets: [String: Match]

    /// - Parameter presets: words that stand for a flag and its value: `-4`.
    init(_ flags: [Flag], presets: [String: Match] = [:]) {
        self.flags = flags
        self.presets = presets
    }

    /// - Throws: for an unknown flag, with the nearest known one; for a value that is missing or too much.
    func parse(_ words: [String]) throws(UsageError) -> Parsed {
        var parsed = Parsed()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                parsed.operands += rest
                break
            } else if let preset = presets[word] {
                parsed.matches.append(preset)
            } else if word.hasPrefix("--") {
                parsed.matches.append(try long(word, &rest))
            } else if word.hasPrefix("-"), word != "-" {
                parsed.matches.append(try short(word, &rest))
            } else {
                parsed.operands.append(word)
            }
        }
        return parsed
    }

    private func long(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> Match {
        let equals = word.firstIndex(of: "=")
        // `--interval_ms` is what somebody types who knows the parameter from a job.
        let name = String(word.dropFirst(2).prefix { $0 != "=" }.map { $0 == "_" ? "-" : $0 })
        let attached = equals.map { String(word[word.index(after: $0)...]) }
        if let flag = flags.first(where: { $0.name == name }) {
            return try match(flag, shown: "--" + name, attached, &rest)
        }
        if name.hasPrefix("no-"), let flag = toggle(String(name.dropFirst(3))), attached == nil {
            return Match(flag: flag.name, value: "false")
        }
        let known = flags.map { "--" + $0.name } + flags.filter(\.isToggle).map { "--no-" + $0.name }
        throw UsageError("There is no flag \("--\(name)".shownInSentence)\(Nearest.hint("--" + name, among: known))")
    }

    private func short(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> Match {
        let letter = String(word.prefix(2))
        guard let flag = flags.first(where: { $0.short == letter }) else {
            throw UsageError("There is no flag \(letter.shownInSentence).")
        }
        let attached = word.count > 2 ? String(word.dropFirst(2)) : nil
        return try match(flag, shown: letter, attached, &rest)
    }

    private func match(
        _ flag: Flag, shown: String, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(UsageError) -> Match {
        if flag.isToggle { return Match(flag: flag.name, value: attached ?? "true") }
        // `--count --json` is a forgotten value; a value that does begin with dashes is given as `--key=--x`.
        guard let value = attached ?? (rest.first?.hasPrefix("--") == true ? nil : rest.popFirst()) else {
            throw UsageError("\(shown) needs a value.")
        }
        return Match(flag: flag.name, value: value)
    }

    private func toggle(_ name: String) -> Flag? { flags.first { $0.name == name && $0.isToggle } }
}

extension Flag {
    fileprivate var isToggle: Bool { if case .toggle = form { true } else { false } }
}

extension String {
    /// A word that somebody typed, bounded and without control characters.
    var shownInSentence: String { String(quotedForMessage.dropFirst().dropLast()) }
}
