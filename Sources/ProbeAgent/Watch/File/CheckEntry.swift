import ProbeNative

/// An entry of `checks` or of a template: tools with sets of parameters, for targets, not yet multiplied.
struct CheckEntry {
    /// A tool with one set of parameters.
    struct Run {
        var tool: YAMLValue
        var parameters: YAMLValue?
    }

    static let placeholder = "{host}"

    var value: YAMLValue
    var name: String?
    /// In a template nil stands for the host itself.
    var targets: [YAMLValue]?
    var runs: [Run]
    var options: CheckOptions

    /// - Parameter isTemplate: targets may be left out, and may have the placeholder in them.
    init(_ reader: inout YAMLReader, isTemplate: Bool) throws(ConfigurationError) {
        value = reader.value
        name = try reader.read("name", .title)
        options = try CheckOptions(&reader)
        let (target, list) = (reader.take("target"), reader.take("targets"))
        if let target, list != nil {
            throw target.refusal("target and targets are both given: use one of them.")
        }
        if let target {
            targets = [target]
        } else {
            targets = try list?.elements("targets", limit: WatchFile.mostHosts)
        }
        let (tool, tools, parameters) = (reader.take("tool"), reader.take("tools"), reader.take("parameters"))
        switch (tool, tools) {
        case (let tool?, nil): runs = try Self.runs(tool, parameters)
        case (nil, let tools?):
            if let parameters { throw parameters.refusal("parameters go below each tool of tools.") }
            runs = []
            for (tool, parameters) in try tools.members("tools", limit: 100) {
                runs += try Self.runs(tool, parameters.isNull ? nil : parameters)
            }
        case (let tool?, .some): throw tool.refusal("tool and tools are both given: use one of them.")
        case (nil, nil): throw value.refusal("a check must have a tool (or tools, or a template).")
        }
        if targets == nil, !isTemplate { throw value.refusal("a check must have a target (or targets).") }
        for target in targets ?? [] { try Self.check(target, isTemplate) }
    }

    private static func runs(_ tool: YAMLValue, _ parameters: YAMLValue?) throws(ConfigurationError) -> [Run] {
        guard let parameters, case .sequence = parameters.node else { return [Run(tool: tool, parameters: parameters)] }
        return try parameters.elements("parameters", limit: 100).map { Run(tool: tool, parameters: $0) }
    }

    private static func check(_ target: YAMLValue, _ isTemplate: Bool) throws(ConfigurationError) {
        let text = try target.read("target", .target)
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else { return }
        let word = String(text[open...close])
        if isTemplate, word == placeholder { return }
        let hint = isTemplate ? Nearest.hint(word, among: [placeholder]) : "; only templates have placeholders."
        throw target.refusal("there is no placeholder \(word.quotedForMessage)\(hint)")
    }
}

extension ValueFormat where Value == String {
    static var target: Self {
        Self(allowed: "a text of 1 to 4096 bytes") { (1...4096).contains($0.utf8.count) ? $0 : nil }
    }
}

extension ParameterValue {
    /// With the placeholder replaced in every text.
    func filled(_ text: String, at placeholder: String = CheckEntry.placeholder) -> ParameterValue {
        switch self {
        case .string(let own): .string(own.filled(text, at: placeholder))
        case .array(let elements): .array(elements.map { $0.filled(text, at: placeholder) })
        case .object(let members): .object(members.map { .init($0.name, $0.value.filled(text, at: placeholder)) })
        case .null, .bool, .integer, .number: self
        }
    }
}

extension String {
    func filled(_ text: String, at placeholder: String = CheckEntry.placeholder) -> String {
        let parts = split(separator: placeholder, omittingEmptySubsequences: false)
        return parts.count == 1 ? self : parts.joined(separator: text)
    }
}
