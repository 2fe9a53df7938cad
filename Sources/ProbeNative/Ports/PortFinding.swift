public enum PortState: String, Sendable, Hashable, CaseIterable {
    /// A connection was made, or a datagram was answered.
    case open
    /// The host says that nobody listens.
    case closed
    /// Nothing came back, or a firewall said that it may not.
    case filtered
    /// UDP: nothing came back, which is also what a service does that did not understand.
    case openFiltered = "open_filtered"
    /// The host could not be reached at all, as a router says or this node's own kernel.
    case unreachable
}

/// How a port's state is known. What came by ICMP has the names that `ICMPError` gives it.
public enum PortReason: String, Sendable, Hashable {
    case synAck = "syn_ack"
    case reset
    case udpResponse = "udp_response"
    case noResponse = "no_response"
    case portUnreachable = "port_unreachable"
    case hostUnreachable = "host_unreachable"
    case networkUnreachable = "network_unreachable"
    case protocolUnreachable = "protocol_unreachable"
    case prohibited
    case rejectRoute = "reject_route"
    case sourcePolicy = "source_policy"
    case beyondScope = "beyond_scope"
    case ttlExceeded = "ttl_exceeded"
    case otherError = "icmp_error"
}

/// What is known of one port. Small: a job may hold 65,535 of them, and a node hundreds of jobs.
struct PortFinding: Sendable, Hashable {
    var port: UInt16
    var state: PortState
    var reason: PortReason
    /// From the packet to its answer; nil without one, or when two packets were sent and either may be the answered one.
    var roundTrip: Duration? { nanoseconds < 0 ? nil : .nanoseconds(nanoseconds) }
    private let nanoseconds: Int64

    init(_ port: UInt16, _ verdict: PortVerdict, roundTrip: Duration?) {
        self.port = port
        state = verdict.state
        reason = verdict.reason
        nanoseconds = roundTrip?.wholeNanoseconds ?? -1
    }
}

struct PortVerdict: Sendable, Hashable {
    var state: PortState
    var reason: PortReason

    static let silent = PortVerdict(state: .filtered, reason: .noResponse)

    /// What an ICMP error says about a port of `host`.
    init(_ notice: ICMPNotice, about host: IPAddress, over transport: Gate.Transport) {
        reason = PortReason(rawValue: notice.reason) ?? .otherError
        state =
            switch reason {
            // From the host itself it means that nobody listens. Over TCP a host says that by a reset: this is a
            // firewall's word, and so it is when another says it.
            case .portUnreachable: transport == .udp && notice.isFrom(host) ? .closed : .filtered
            case .hostUnreachable, .networkUnreachable, .beyondScope, .ttlExceeded: .unreachable
            default: .filtered
            }
    }

    /// What a connect's or send's error says about a port; nil when it says something about this node instead.
    init?(_ error: Errno, isLocal: Bool, over transport: Gate.Transport) {
        switch error.code {
        // A reset instead of an answer is a refusal; this is one of a connection that was made already.
        case .connectionReset where transport == .tcp: self.init(state: .open, reason: .synAck)
        case .connectionRefused:
            self.init(state: .closed, reason: transport == .tcp ? .reset : .portUnreachable)
        case .connectionTimeout: self = .silent
        case .hostUnreachable: self.init(state: .unreachable, reason: .hostUnreachable)
        case .networkUnreachable: self.init(state: .unreachable, reason: .networkUnreachable)
        // What ICMPv6's "administratively prohibited" becomes where the kernel keeps no errors of TCP.
        case .permissionDenied where !isLocal: self.init(state: .filtered, reason: .prohibited)
        default: return nil
        }
    }

    init(state: PortState, reason: PortReason) {
        self.state = state
        self.reason = reason
    }
}
