import ProbeNative

extension Setting {
    public static let deny = Setting(
        "deny", variable: "PROBEOPS_DENY", "RULE", .rules(named: true), isList: true, isReloadable: true,
        into: { $0.policy.deny = $1 },
        help: "What must not be reached, such as 10.0.0.0/8, *.internal.example or any+port=22; it beats --allow.")

    public static let policy = [
        Setting(
            "allow", variable: "PROBEOPS_ALLOW", "RULE", .rules(named: false), isList: true, isReloadable: true,
            into: { $0.policy.allow = $1 },
            help:
                "What jobs may reach although it is denied by default, such as 127.0.0.0/8 or 10.1.2.3+port=25+tool=tcp."
        ),
        deny,
        Setting(
            "deny-private", variable: "PROBEOPS_DENY_PRIVATE", nil, default: "false", .flag, isReloadable: true,
            into: { $0.policy.deniesPrivate = $1 }, help: "Deny jobs the private address ranges too."),
        Setting(
            "tools", variable: "PROBEOPS_TOOLS", "NAMES", default: "all of them", .toolNames, isList: true,
            into: { $0.tools = $1 }, help: "The only tools that jobs may use; the backend is told of no others."),
        Setting(
            "address-rate", variable: "PROBEOPS_ADDRESS_RATE", "NUMBER", default: "50", .number(0...1_000_000),
            isReloadable: true,
            into: { $0.rates.address = $1 },
            help: "How often a second jobs may turn to one address, on average over 10 s; 0 for no limit."),
        Setting(
            "network-rate", variable: "PROBEOPS_NETWORK_RATE", "NUMBER", default: "500", .number(0...1_000_000),
            isReloadable: true,
            into: { $0.rates.network = $1 }, help: "The same for one network, /24 or /48."),
        Setting(
            "node-rate", variable: "PROBEOPS_NODE_RATE", "NUMBER", default: "0", .number(0...1_000_000),
            isReloadable: true,
            into: { $0.rates.node = $1 }, help: "The same for all addresses together."),
        Setting(
            "audit-log", variable: "PROBEOPS_AUDIT_LOG", "FILE", .path, into: { $0.auditLog = $1 },
            help: "File that gets a line of JSON for each job: what was asked, the address used, the verdict."),
    ]
}

extension ValueFormat where Value == Set<String>? {
    static var toolNames: Self {
        let known = Set(ToolRegistry.builtIn().tools.map(\.name))
        return Self(allowed: "names of tools with commas between them: \(known.sorted().joined(separator: ", "))") {
            text in
            let names = Set(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
            return names.isSubset(of: known) ? .some(names) : nil
        }
    }
}

extension ValueFormat where Value == [PolicyRule] {
    /// - Parameter named: whether a rule may be about a name.
    static func rules(named: Bool) -> Self {
        let subject = named ? "an address, a block, a name, *.name or any" : "an address, a block or any"
        let allowed =
            "rules SUBJECT[+port=N[-M]][+tool=NAME] with commas between them, where SUBJECT is \(subject)"
            + (named ? "; a name takes no port" : "")
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
