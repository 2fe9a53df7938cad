import ProbeNative

/// Multiplies entries into checks, each validated by its tool's own declarations.
struct CheckBuilder {
    private let registry: ToolRegistry
    private(set) var checks: [Check] = []
    private var places: [String: String] = [:]

    init(_ registry: ToolRegistry) { self.registry = registry }

    /// Targets x tools x parameters.
    /// - Parameter host: of a template.
    mutating func add(
        _ entry: CheckEntry, _ options: CheckOptions, host: YAMLValue? = nil
    ) throws(ConfigurationError) {
        guard let targets = entry.targets ?? host.map({ [$0] }) else { return }
        let isSingle = targets.count * entry.runs.count == 1
        let tools = entry.runs.map { $0.tool.text }
        for target in targets {
            for (index, run) in entry.runs.enumerated() {
                // Which of a tool's sets of parameters: the parameters themselves may hold secrets.
                let set = tools[...index].count { $0 == run.tool.text }
                let isOnly = tools.count { $0 == run.tool.text } == 1
                var check = try check(run, target, entry, options, host: host)
                if let name = entry.name?.filled(host?.text ?? "") {
                    check.id = isSingle ? name : "\(name) \(check.id)"
                }
                if !isOnly { check.id += " #\(set)" }
                try add(check, at: host ?? target)
            }
        }
    }

    private mutating func add(_ check: Check, at value: YAMLValue) throws(ConfigurationError) {
        guard checks.count < WatchFile.mostChecks else {
            throw value.refusal("there are more than \(WatchFile.mostChecks) checks.")
        }
        if let place = places.updateValue(check.place, forKey: check.id) {
            throw value.refusal("the check \(check.id.quotedForMessage) is there already (\(place)): give one a name.")
        }
        checks.append(check)
    }

    private func check(
        _ run: CheckEntry.Run, _ target: YAMLValue, _ entry: CheckEntry, _ options: CheckOptions, host: YAMLValue?
    ) throws(ConfigurationError) -> Check {
        let word = run.tool.text ?? ""
        guard let tool = registry[word] else {
            throw run.tool.refusal(
                "there is no tool \(word.quotedForMessage)\(Nearest.hint(word, among: registry.tools.map(\.name)))")
        }
        let host = try host?.read("a host", .target)
        let text = try target.read("target", .target).filled(host ?? "")
        let given = try run.parameters?.members("parameters", limit: 200) ?? []
        var members: [ParameterValue.Member] = []
        for (key, value) in given {
            members.append(.init(key.text ?? "", value.parameter.filled(host ?? "")))
        }
        let probe = try prepare(tool, text, members, target: target, run: run, given)
        return Check(
            id: "\(tool.name) \(text)", tool: tool.name, target: text, group: options.group?.filled(host ?? ""),
            labels: options.labels.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, value: $0.value.filled(host ?? ""))
            },
            timing: try options.timing(of: probe, at: entry.value),
            thresholds: .init(failAfter: options.failAfter ?? 1, recoverAfter: options.recoverAfter ?? 1),
            place: "\(target.path):\(target.line)", parameters: members, probe: probe)
    }

    private func prepare(
        _ tool: any Tool, _ text: String, _ members: [ParameterValue.Member], target: YAMLValue, run: CheckEntry.Run,
        _ given: [(key: YAMLValue, value: YAMLValue)]
    ) throws(ConfigurationError) -> PreparedProbe {
        let probe: PreparedProbe
        do throws(InvalidInput) {
            probe = try tool.prepare(target: text, parameters: members)
        } catch {
            // The sentence begins with the parameter that it is about, or speaks of the target.
            let named =
                given.first { error.detail.hasPrefix("\($0.key.text ?? "") ") }
                ?? given.first { error.detail.hasPrefix($0.key.text ?? " ") }
            let place = named?.value ?? (error.detail.hasPrefix("The target") ? target : run.parameters ?? target)
            throw place.refusal("\(tool.name): \(error.detail)")
        }
        if let ignored = probe.ignoredParameters.first {
            let key = given.first { $0.key.text == ignored }?.key ?? run.tool
            let hint = Nearest.hint(ignored, among: tool.declarations.map(\.name))
            throw key.refusal("\(tool.name) has no parameter \(ignored.quotedForMessage)\(hint)")
        }
        return probe
    }
}
