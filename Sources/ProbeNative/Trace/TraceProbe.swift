/// How a path is asked.
public enum TraceTransport: String, Sendable, Hashable, CaseIterable { case udp, icmp, tcp }

/// One probe, as its plan names it.
public struct TraceProbe: Sendable, Hashable {
    /// The TTL or hop limit that it is sent with.
    public var hop: Int
    /// Which of the flows it belongs to: all probes of one look the same to routers that spread packets.
    public var flow = 0
    /// Traceroute's query or mtr's cycle, from 0.
    public var round = 0
}

/// What came back for a probe, in time.
public struct TraceAnswer: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        /// A router whose decrement took the TTL to 0.
        case router = "reply"
        /// The target itself.
        case target
        /// A router that does not let the packet go on.
        case unreachable
    }

    public var kind: Kind
    public var from: IPAddress
    public var rtt: Duration
    /// TTL or hop limit of the answer as it arrived.
    public var hopLimit: Int?
    /// Nil for a TCP answer.
    public var icmpType: Int?
    public var icmpCode: Int?
    /// Of "fragmentation needed" and "packet too big".
    public var mtu: Int?
    /// The stack that the packet had when its TTL ran out, outermost first (RFC 4950).
    public var labels: [MPLSLabel] = []
    /// What an ICMP error says that is no expired TTL: the reason why an unreachable target is that.
    public var failure: ProbeFailure?
    /// The wall clock stepped while it was awaited: the time is when it was read.
    public var clockStepped = false

    /// Nothing is to be found beyond it.
    var isFinal: Bool { kind != .router }

    /// The same in the light of the whole trace: who lets TTLs run out is a router, also where it refuses a packet by
    /// the message that a target would send.
    func knowing(routers: Set<IPAddress>) -> TraceAnswer {
        guard kind == .target, failure != nil, routers.contains(from) else { return self }
        var answer = self
        answer.kind = .unreachable
        return answer
    }
}

extension TraceAnswer {
    init(_ error: ICMPError, to transport: TraceTransport, sentAt: Instant) {
        // A host says of UDP that nobody listens (RFC 1122 3.2.2.1); one with several addresses may say so from another.
        let isTarget =
            error.from.withoutZone == error.quoted.destination.withoutZone
            || transport == .udp && error.reason == "port_unreachable"
        kind = error.isTimeExceeded ? .router : isTarget ? .target : .unreachable
        from = error.from
        rtt = max(.zero, error.receivedAt - sentAt)
        hopLimit = error.hopLimit
        icmpType = Int(error.type)
        icmpCode = Int(error.code)
        mtu = error.nextHopMTU
        labels = error.labels
        if kind != .router { failure = error.failure }
        clockStepped = error.clockStepped
    }
}
