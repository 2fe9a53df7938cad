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
                if let name = entry.name {
                    let name = try Self.fill(name, "name", .title, host)
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
        let word = try host?.read("a host", .target)
        let text = try Self.fill(try target.read("target", .target), "target", .target, host)
        let given = try GivenParameters(run.parameters)
        // Without a host it is no template, and a placeholder is a text like others.
        let members = given.members.map { member in
            word.map { ParameterValue.Member(member.name, member.value.filled($0)) } ?? member
        }
        var labels: [Check.Label] = []
        for (name, value) in options.labels.sorted(by: { $0.key < $1.key }) {
            labels.append(.init(name: name, value: try Self.fill(value, "the label \(name)", .title, host)))
        }
        var group = options.group
        if let text = group { group = try Self.fill(text, "group", .title, host) }
        let probe = try prepare(tool, text, members, given, target: target, run: run)
        return Check(
            id: "\(tool.name) \(text)", tool: tool.name, target: text, group: group, labels: labels,
            timing: try options.timing(of: probe, at: entry.value),
            thresholds: .init(failAfter: options.failAfter ?? 1, recoverAfter: options.recoverAfter ?? 1),
            place: "\(target.path):\(target.line)", parameters: members, probe: probe)
    }

    /// What a host makes of a text must be what could have been written there: an id that begins with NUL, for one, is
    /// none of a check.
    private static func fill(
        _ text: String, _ what: String, _ format: ValueFormat<String>, _ host: YAMLValue?
    ) throws(ConfigurationError) -> String {
        guard let host else { return text }
        let filled = text.filled(host.text ?? "")
        guard let value = format.read(filled) else {
            throw host.refusal("with this host \(what) must be \(format.allowed), not \(filled.quotedForMessage).")
        }
        return value
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
