/// What the node's operator lets jobs reach. An explicit deny beats an explicit allow, which beats the defaults;
/// docs/policy.md tells both.
public struct TargetPolicy: AddressPolicy {
    public var allow: [PolicyRule] = []
    public var deny: [PolicyRule] = []
    public var deniesPrivate = false
    /// False where only explicit denies count: for the operator's own commands.
    public var hasDefaults = true
    /// This node's own addresses; nil when they are not asked for.
    public var own: OwnAddresses?
    /// Nil where nothing is limited. What an allow rule names is not.
    public var limiter: RateLimiter?

    public init() {}

    /// Why an address may be used or not.
    public struct Verdict: Sendable, Hashable {
        public var isAllowed: Bool
        /// One sentence.
        public var reason: String
    }

    /// The ports of mail servers: a node that speaks to them sends somebody's mail.
    static let mailPorts: Set<UInt16> = [25, 465, 587, 2525]
    /// The tools that write to a port what a job says.
    static let speakingTools: Set<String> = ["tcp", "http", "websocket"]

    public func portsPerJob(at address: IPAddress, tool: String) -> Int {
        hasDefaults && !allow.contains { $0.covers(address) && $0.fits(tool, nil) } ? 1024 : 65535
    }

    public func denial(of request: PolicyRequest) -> String? {
        let decision = decide(request)
        return decision.isAllowed ? nil : decision.sentence(request.address)
    }

    public func denial(ofName name: String, addresses: [IPAddress], tool: String) -> String? {
        if let rule = deny.first(where: { $0.covers(name: name) && ($0.tool ?? tool) == tool && $0.ports == nil }) {
            return "The name \(name) is denied by the rule \(rule)."
        }
        for address in addresses {
            let decision = decide(tool, address)
            if !decision.isAllowed { return "The name \(name) is denied: \(decision.sentence(address))" }
        }
        return nil
    }

    public func refusal(of address: IPAddress, tool: String, at now: Instant) -> String? {
        guard let limiter else { return nil }
        let isNamed = allow.contains { $0.subject != .any && $0.covers(address) && ($0.tool ?? tool) == tool }
        return isNamed ? nil : limiter.refusal(of: address, at: now)
    }

    public func verdict(of request: PolicyRequest) -> Verdict {
        let decision = decide(request)
        return Verdict(isAllowed: decision.isAllowed, reason: decision.sentence(request.address))
    }

    // MARK: Deciding

    private enum Decision {
        case allowed(PolicyRule?)
        case denied(PolicyRule)
        /// Continues "X is ...".
        case special(IPAddress, String)
        case refused(String)

        var isAllowed: Bool { if case .allowed = self { true } else { false } }

        func sentence(_ address: IPAddress) -> String {
            switch self {
            case .allowed(let rule?): "\(address) is allowed by the rule \(rule)."
            case .allowed(nil): "\(address) is allowed: nothing denies it."
            case .denied(let rule): "\(address) is denied by the rule \(rule)."
            case .special(address, let what): "\(address) is \(what), which this node's policy denies."
            case .special(let inner, let what):
                "\(address) carries \(inner), \(what), which this node's policy denies."
            case .refused(let why): "\(address) is denied: \(why)"
            }
        }
    }

    private func decide(_ request: PolicyRequest) -> Decision {
        let (address, tool, port) = (request.address, request.tool, request.port)
        if let rule = explicitDenial(address, tool, port) { return .denied(rule) }
        // The operator's own name servers are used however odd their address; a job cannot choose them.
        guard hasDefaults, request.purpose != .systemResolver else { return .allowed(nil) }
        let rule = allow.first { $0.covers(address) && $0.fits(tool, port) }
        if rule == nil || rule?.subject == .any {
            if let special = special(address, { $0.fits(tool, port) }) { return special }
        }
        let carried = rule == nil ? explicitAllowance(inside: address) { $0.fits(tool, port) } : nil
        guard rule == nil, carried == nil else { return .allowed(rule ?? carried) }
        if request.purpose == .proxy { return .refused("a job's proxy hides the target from the policy.") }
        if let port, Self.mailPorts.contains(port),
            Self.speakingTools.contains(tool) || request.purpose == .banner
        {
            return .refused("port \(port) is a mail server's.")
        }
        return .allowed(nil)
    }

    /// For an address of a name, before its port is known: denied when it would be at every port.
    private func decide(_ tool: String, _ address: IPAddress) -> Decision {
        if let rule = explicitDenial(address, tool, nil) { return .denied(rule) }
        guard hasDefaults else { return .allowed(nil) }
        return special(address) { $0.tool == nil || $0.tool == tool } ?? .allowed(nil)
    }

    private func explicitDenial(_ address: IPAddress, _ tool: String, _ port: UInt16?) -> PolicyRule? {
        guard !deny.isEmpty else { return nil }
        let forms = [address] + address.embedded
        return deny.first { rule in rule.fits(tool, port) && forms.contains { rule.covers($0) } }
    }

    private func explicitAllowance(inside address: IPAddress, _ fits: (PolicyRule) -> Bool) -> PolicyRule? {
        guard !allow.isEmpty, address.isOnlyCarrier, let inner = address.embedded.first else { return nil }
        return allow.first { $0.covers(inner) && fits($0) }
    }

    /// The default denial of an address or of what it carries, unless a rule names the very block.
    private func special(_ address: IPAddress, _ fits: (PolicyRule) -> Bool) -> Decision? {
        func isNamed(_ form: IPAddress) -> Bool {
            allow.contains { $0.subject != .any && $0.covers(form) && fits($0) }
        }
        if isNamed(address) { return nil }
        if let what = meaning(address) { return .special(address, what) }
        for inner in address.embedded where !isNamed(inner) {
            if let what = meaning(inner) { return .special(inner, what) }
        }
        return nil
    }

    private func meaning(_ address: IPAddress) -> String? {
        if let entry = SpecialAddress.entry(for: address), !entry.isPrivate || deniesPrivate { return entry.meaning }
        return own?.contains(address) == true ? "one of this node's own addresses" : nil
    }
}
