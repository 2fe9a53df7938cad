/// Why a probe wants to send to an address. A policy may treat the system's own resolvers differently from one that a
/// job names, and a port that is only knocked at differently from one whose banner is read.
public enum Purpose: String, Sendable, Hashable {
    case target, banner, systemResolver, namedResolver, redirect, referral, proxy
}

/// One question to the policy, about the address that is about to be used.
public struct PolicyRequest: Sendable, Hashable {
    public var tool: String
    public var purpose: Purpose
    public var address: IPAddress
    /// Nil for ICMP.
    public var port: UInt16?

    public init(tool: String, purpose: Purpose, address: IPAddress, port: UInt16?) {
        self.tool = tool
        self.purpose = purpose
        self.address = address
        self.port = port
    }
}

/// Decides on addresses, owned by the node's operator. Nil allows; a sentence denies.
public protocol AddressPolicy: Sendable {
    func denial(of request: PolicyRequest) -> String?

    /// Asked when a name was resolved, about all its addresses at once: a name of which one address is denied is denied,
    /// whichever address the tool would have taken. Before the look-up it is asked with none.
    func denial(ofName name: String, addresses: [IPAddress], tool: String) -> String?

    /// Asked once for each address that a job names or that its name has; a sentence when the limits are used up.
    func refusal(of address: IPAddress, tool: String, at now: Instant) -> String?

    /// Ports of `address` that one job may ask for.
    func portsPerJob(at address: IPAddress, tool: String) -> Int
}

extension AddressPolicy {
    public func denial(ofName name: String, addresses: [IPAddress], tool: String) -> String? { nil }
    public func refusal(of address: IPAddress, tool: String, at now: Instant) -> String? { nil }
    public func portsPerJob(at address: IPAddress, tool: String) -> Int { 65535 }
}

/// Allows every address.
public struct AllowAll: AddressPolicy {
    public init() {}
    public func denial(of request: PolicyRequest) -> String? { nil }
}
