/// An ICMP error about a packet that this node sent.
public struct ICMPError: Sendable, Hashable {
    /// Who sent the error.
    public var from: IPAddress
    public var type: UInt8
    public var code: UInt8
    /// On the kernel's monotonic clock, from the kernel's own stamp.
    public var receivedAt: Instant
    /// The wall clock stepped: `receivedAt` is when it was read, not when it came.
    public var clockStepped: Bool
    /// TTL or hop limit of the error itself as it arrived.
    public var hopLimit: Int?
    /// Of "fragmentation needed" and "packet too big".
    public var nextHopMTU: Int?
    public var quoted: QuotedPacket
    /// RFC 4884 objects as bytes, without their common header.
    public var extensions: [UInt8]

    /// The label stack (RFC 4950), outermost first.
    public var labels: [MPLSLabel] { ICMPExtensions.labels(extensions) }

    /// TTL or hop limit ran out on the way.
    public var isTimeExceeded: Bool { type == (from.family == .v4 ? 11 : 3) }

    public var isPacketTooBig: Bool { Self.isPacketTooBig(from.family, type, code) }

    static func isPacketTooBig(_ family: IPAddress.Family, _ type: UInt8, _ code: UInt8) -> Bool {
        family == .v4 ? type == 3 && code == 4 : type == 2
    }

    /// A stable name of what it says (RFC 792, RFC 1812 5.2.7.1, RFC 4443).
    public var reason: String { Self.reason(from.family, type, code) }

    public static func reason(_ family: IPAddress.Family, _ type: UInt8, _ code: UInt8) -> String {
        switch (family, type, code) {
        case (.v4, 3, 0), (.v4, 3, 6), (.v4, 3, 11), (.v6, 1, 0): "network_unreachable"
        case (.v4, 3, 1), (.v4, 3, 7), (.v4, 3, 8), (.v4, 3, 12), (.v6, 1, 3): "host_unreachable"
        case (.v4, 3, 2): "protocol_unreachable"
        case (.v4, 3, 3), (.v6, 1, 4): "port_unreachable"
        case (.v4, 3, 4), (.v6, 2, _): "packet_too_big"
        case (.v4, 3, 5): "source_route_failed"
        case (.v4, 3, 9), (.v4, 3, 10), (.v4, 3, 13), (.v6, 1, 1): "prohibited"
        case (.v4, 3, 14), (.v4, 3, 15): "precedence"
        case (.v6, 1, 2): "beyond_scope"
        case (.v6, 1, 5): "source_policy"
        case (.v6, 1, 6): "reject_route"
        case (.v4, 11, 0), (.v6, 3, 0): "ttl_exceeded"
        case (.v4, 11, 1), (.v6, 3, 1): "reassembly_timeout"
        case (.v4, 12, _), (.v6, 4, _): "parameter_problem"
        default: "icmp_\(type)_\(code)"
        }
    }

    /// For the packet that it is about.
    public var failure: ProbeFailure {
        let isNetwork = reason == "network_unreachable"
        let words = reason.replacing("_", with: " ")
        let mtu = nextHopMTU.map { " (its next hop takes \($0) bytes)" } ?? ""
        return ProbeFailure(
            .response, isNetwork ? .networkUnreachable : .hostUnreachable,
            "\(from) said about a packet to \(quoted.destination): \(words)\(mtu).")
    }
}
