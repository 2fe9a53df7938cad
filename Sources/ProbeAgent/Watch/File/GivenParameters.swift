import ProbeNative

/// A tool's parameters as a file gives them, and where: for sentences about them.
struct GivenParameters {
    private let given: [(key: YAMLValue, value: YAMLValue)]

    init(_ value: YAMLValue?) throws(ConfigurationError) {
        given = try value?.members("parameters", limit: 200) ?? []
    }

    var members: [ParameterValue.Member] { given.map { .init($0.key.text ?? "", $0.value.parameter) } }

    /// The tool's refusal, at the parameter that it is about or else at `place`.
    func refusal(_ error: InvalidInput, of tool: any Tool, otherwise place: YAMLValue) -> ConfigurationError {
        // The sentence begins with the parameter that it is about, or speaks of the target.
        let named =
            given.first { error.detail.hasPrefix("\($0.key.text ?? "") ") }
            ?? given.first { error.detail.hasPrefix($0.key.text ?? " ") }
        return (named?.value ?? place).refusal("\(tool.name): \(error.detail)")
    }

    /// - Parameter unknown: names that the tool did not read.
    func refuse(unknown: [String], to tool: any Tool, otherwise place: YAMLValue) throws(ConfigurationError) {
        guard let ignored = unknown.first else { return }
        let key = given.first { $0.key.text == ignored }?.key ?? place
        let hint = Nearest.hint(ignored, among: tool.declarations.map(\.name))
        throw key.refusal("\(tool.name) has no parameter \(ignored.quotedForMessage)\(hint)")
    }
}

extension ToolRegistry {
    /// The tool that the file names there.
    func tool(_ value: YAMLValue) throws(ConfigurationError) -> any Tool {
        let word = value.text ?? ""
        if let tool = self[word] { return tool }
        throw value.refusal("there is no tool \(word.quotedForMessage)\(Nearest.hint(word, among: tools.map(\.name)))")
    }
}
