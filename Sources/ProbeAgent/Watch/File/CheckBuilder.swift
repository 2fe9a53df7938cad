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
        let tool = try registry.tool(run.tool)
        let host = try host?.read("a host", .target)
        let text = try target.read("target", .target).filled(host ?? "")
        let given = try GivenParameters(run.parameters)
        let members = given.members.map { ParameterValue.Member($0.name, $0.value.filled(host ?? "")) }
        let probe = try prepare(tool, text, members, given, target: target, run: run)
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
        _ tool: any Tool, _ text: String, _ members: [ParameterValue.Member], _ given: GivenParameters,
        target: YAMLValue, run: CheckEntry.Run
    ) throws(ConfigurationError) -> PreparedProbe {
        let probe: PreparedProbe
        do throws(InvalidInput) {
            probe = try tool.prepare(target: text, parameters: members)
        } catch {
            let isTarget = error.detail.hasPrefix("The target")
            throw given.refusal(error, of: tool, otherwise: isTarget ? target : run.parameters ?? target)
        }
        try given.refuse(unknown: probe.ignoredParameters, to: tool, otherwise: run.tool)
        return probe
    }
}
