import ProbeNative

extension Setting {
    public static let policy = [
        Setting(
            "allow", variable: "PROBEOPS_ALLOW", "RULE", .rules(named: false), isList: true,
            into: { $0.policy.allow = $1 },
            help:
                "What jobs may reach although it is denied by default, such as 127.0.0.0/8 or 10.1.2.3+port=25+tool=tcp."
        ),
        Setting(
            "deny", variable: "PROBEOPS_DENY", "RULE", .rules(named: true), isList: true,
            into: { $0.policy.deny = $1 },
            help: "What jobs may not reach, such as 10.0.0.0/8, *.internal.example or any+port=22; it beats --allow."),
        Setting(
            "deny-private", variable: "PROBEOPS_DENY_PRIVATE", nil, default: "false", .flag,
            into: { $0.policy.deniesPrivate = $1 }, help: "Deny jobs the private address ranges too."),
    ]
}

extension ValueFormat where Value == [PolicyRule] {
    /// - Parameter named: whether a rule may be about a name.
    static func rules(named: Bool) -> Self {
        let subject = named ? "an address, a block, a name, *.name or any" : "an address, a block or any"
        let allowed = "rules SUBJECT[+port=N[-M]][+tool=NAME] with commas between them, where SUBJECT is \(subject)"
        let tools = ToolRegistry.builtIn().tools.map(\.name)
        return Self(allowed: allowed) { text in
            var rules: [PolicyRule] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let rule = PolicyRule(String(part), tools: tools), named || !rule.isName else { return nil }
                rules.append(rule)
            }
            return rules
        }
    }
}
