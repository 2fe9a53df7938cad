import ProbeNative

/// The flags of a tool, made from its declarations, and the way back from words to a job's parameters.
struct ToolFlags {
    let flags: [Flag]
    /// Words that stand for a flag and its value.
    let presets: [String: FlagParser.Match]
    private let tool: any Tool
    private let declarations: [ParameterReader.Declaration]

    init(_ tool: any Tool) {
        self.tool = tool
        let declarations = tool.declarations
        self.declarations = declarations
        let words = Shorthand.words(of: tool.name).filter { word in
            declarations.contains { $0.name == word.value.parameter }
        }
        presets = words.mapValues { FlagParser.Match(flag: $0.parameter.flagName, value: $0.value) }
        flags = declarations.map { declaration in
            let also = words.filter { $0.value.parameter == declaration.name }.keys.sorted()
            return Flag(declaration, short: Shorthand.letter(for: declaration.name, of: tool.name), also: also)
        }
    }

    struct Job {
        var target: String
        var parameters: [ParameterValue.Member]
    }

    /// - Throws: without a target, or with words that mean nothing to this tool.
    func job(_ parsed: FlagParser.Parsed) throws(UsageError) -> Job {
        var operands = parsed.operands[...]
        var members: [ParameterValue.Member] = []
        guard let target = operands.popFirst() else {
            throw UsageError("\(tool.name) needs a target: probe-agent \(tool.name) TARGET [options].")
        }
        for operand in operands {
            guard let match = match(operand: operand) else {
                throw UsageError("\(operand.shownInSentence) is one word too many: \(tool.name) takes one target.")
            }
            try add(match: match, to: &members)
        }
        for match in parsed.matches { try add(match: match, to: &members) }
        return Job(target: target, parameters: members)
    }

    /// What a word behind the target stands for, such as `@192.0.2.1`; nil for one that this tool does not know.
    func match(operand: String) -> FlagParser.Match? {
        guard let (name, value) = Shorthand.operand(operand, of: tool.name), declaration(name) != nil else {
            return nil
        }
        return FlagParser.Match(flag: name.flagName, value: value)
    }

    /// Whether a later value of the flag takes the place of an earlier one.
    func hasOneValue(_ flag: String) -> Bool {
        guard let declaration = declarations.first(where: { $0.name.flagName == flag }) else { return false }
        return switch declaration.kind {
        case .integer, .number, .flag, .text, .choice: true
        case .object, .structure, .list, .texts: false
        }
    }

    private func add(
        match: FlagParser.Match, to members: inout [ParameterValue.Member]
    ) throws(UsageError) {
        guard let declaration = declarations.first(where: { $0.name.flagName == match.flag }) else { return }
        add(try value(match, for: declaration), to: &members, as: declaration.name)
    }

    private func declaration(_ name: String) -> ParameterReader.Declaration? { declarations.first { $0.name == name } }

    /// Texts stay texts: the tool's own reading gives them their types and refuses what does not fit.
    private func value(
        _ match: FlagParser.Match, for declaration: ParameterReader.Declaration
    ) throws(UsageError) -> ParameterValue {
        let isJSON = match.value.hasPrefix("{")
        switch declaration.kind {
        case .object where isJSON, .structure where isJSON: return try json(match)
        case .object: return .object([try pair(match, at: ":=", "takes 'Name: value' or name=value")])
        case .structure: return try member(match)
        case .list: return .array(match.value.split(separator: ",").map { .string(String($0)) })
        case .texts: return .array([.string(match.value)])
        case .integer, .number, .flag, .text, .choice: return .string(match.value)
        }
    }

    private func json(_ match: FlagParser.Match) throws(UsageError) -> ParameterValue {
        do throws(MalformedMessage) { return try JSONDocument.read(Array(match.value.utf8)) } catch {
            throw UsageError("--\(match.flag) is not JSON: \(error).")
        }
    }

    /// `name=value`, or `name.member=value` for what is in an object of its own. Only the first dot counts: the names of
    /// header fields and JSON pointers may have more.
    private func member(_ match: FlagParser.Match) throws(UsageError) -> ParameterValue {
        let pair = try pair(match, at: "=", "takes name=value, name.member=value or a JSON object")
        guard let dot = pair.name.firstIndex(of: ".") else { return .object([pair]) }
        let inner = ParameterValue.Member(String(pair.name[pair.name.index(after: dot)...]), pair.value)
        return .object([.init(String(pair.name[..<dot]), .object([inner]))])
    }

    /// Split at the first separator: neither `:` nor `=` is in a header's name.
    private func pair(
        _ match: FlagParser.Match, at separators: String, _ form: String
    ) throws(UsageError) -> ParameterValue.Member {
        guard let separator = match.value.firstIndex(where: separators.contains) else {
            throw UsageError("--\(match.flag) \(form), not \(match.value.quotedForMessage).")
        }
        let value = match.value[match.value.index(after: separator)...].drop { $0 == " " }
        return .init(String(match.value[..<separator]), .string(String(value)))
    }

    /// Repeated pairs, members and lists add up; of other parameters the last one counts.
    private func add(_ value: ParameterValue, to members: inout [ParameterValue.Member], as name: String) {
        if let index = members.firstIndex(where: { $0.name == name }) {
            switch (members[index].value, value) {
            case (.object(var before), .object(let more)):
                // A structure's objects become one; of pairs each counts, because a header may come twice.
                let isStructure = declaration(name)?.kind == .structure
                for member in more {
                    if isStructure { add(member.value, to: &before, as: member.name) } else { before.append(member) }
                }
                members[index].value = .object(before)
            case (.array(let before), .array(let more)): members[index].value = .array(before + more)
            default: members[index].value = value
            }
        } else {
            members.append(.init(name, value))
        }
    }
}

extension Flag {
    fileprivate init(_ declaration: ParameterReader.Declaration, short: String?, also: [String]) {
        name = declaration.name.flagName
        self.short = short
        help = declaration.help
        switch declaration.kind {
        case .integer, .number: form = .value(placeholder: declaration.unit?.uppercased() ?? "N")
        case .text: form = .value(placeholder: "TEXT")
        case .choice(let choices):
            let list = choices.joined(separator: "|")
            form = .value(placeholder: list.count <= 20 ? list : "NAME")
            if list.count > 20 { remarks.append("one of " + choices.joined(separator: ", ")) }
        case .flag: form = .toggle(isOn: declaration.defaultText == "true")
        case .list: form = .list
        case .texts: form = .texts
        case .object: form = .pairs
        case .structure: form = .members
        }
        if declaration.kind == .flag {
            if declaration.defaultText == "true" { remarks.append("default: on") }
        } else if let text = declaration.defaultText {
            remarks.append("default: \(text)")
        }
        if !also.isEmpty { remarks.append("also " + also.joined(separator: ", ")) }
        if let range = declaration.rangeText { remarks.append(range + (declaration.unit.map { " \($0)" } ?? "")) }
    }
}

extension String {
    /// snake_case to kebab-case.
    fileprivate var flagName: String { String(map { $0 == "_" ? "-" : $0 }) }
}
