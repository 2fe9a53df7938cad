/// The numbers of RFC 792 and RFC 4443 that probing meets.
enum ICMPType {
    static func echoRequest(_ family: IPAddress.Family) -> UInt8 { family == .v4 ? 8 : 128 }
    static func echoReply(_ family: IPAddress.Family) -> UInt8 { family == .v4 ? 0 : 129 }

    /// Unreachable, time exceeded and parameter problem; with IPv6 also packet too big.
    static func errors(_ family: IPAddress.Family) -> [UInt8] { family == .v4 ? [3, 11, 12] : [1, 2, 3, 4] }
}

/// An ICMP or ICMPv6 message that answers a probe, decoded from its bytes.
enum ICMPMessage: Hashable {
    struct Reply: Hashable {
        var ident: UInt16
        var sequence: UInt16
        var cookie: EchoCookie
    }

    case reply(Reply)
    case error(ICMPErrorBody)

    /// Nil for every other type and for anything malformed. `bytes` begin with the ICMP header; they may be cut.
    init?(_ bytes: WireBytes, _ family: IPAddress.Family) {
        guard let type = bytes.byte(0), let code = bytes.byte(1), let rest = bytes.dropping(8) else { return nil }
        if type == ICMPType.echoReply(family) {
            guard code == 0, let ident = bytes.half(4), let sequence = bytes.half(6) else { return nil }
            self = .reply(Reply(ident: ident, sequence: sequence, cookie: EchoCookie(rest)))
        } else {
            guard ICMPType.errors(family).contains(type), let body = ICMPErrorBody(type, code, bytes, family) else {
                return nil
            }
            self = .error(body)
        }
    }
}

/// What an ICMP error says: its kind, the packet that it is about, and what routers add (RFC 4884).
struct ICMPErrorBody: Hashable {
    var type: UInt8
    var code: UInt8
    /// Of "fragmentation needed" (RFC 1191) and "packet too big": the largest packet that the next hop takes.
    var nextHopMTU: Int?
    /// Of a parameter problem: the byte that is at fault.
    var pointer: Int?
    var quoted: QuotedPacket
    /// The objects behind the quoted packet, as bytes, without their common header; empty where there are none.
    var extensions: [UInt8]

    init?(_ type: UInt8, _ code: UInt8, _ bytes: WireBytes, _ family: IPAddress.Family) {
        guard let rest = bytes.dropping(8) else { return nil }
        let (quotation, extensions) = ICMPExtensions.split(rest, Self.quotedLength(type, bytes, family))
        guard let quoted = QuotedPacket(quotation, family) else { return nil }
        self.type = type
        self.code = code
        self.quoted = quoted
        self.extensions = extensions
        if family == .v4 {
            // Routers from before RFC 1191 leave 0.
            if type == 3, code == 4, let mtu = bytes.half(6), mtu > 0 { nextHopMTU = Int(mtu) }
            if type == 12 { pointer = bytes.byte(4).map(Int.init) }
        } else {
            if type == 2, let mtu = bytes.word(4) { nextHopMTU = Int(mtu) }
            if type == 4 { pointer = bytes.word(4).map { Int($0) } }
        }
    }

    /// RFC 4884 4: the length of the padded quotation, in 32-bit words of IPv4 and 64-bit words of IPv6; nil where the
    /// type has no such field.
    private static func quotedLength(_ type: UInt8, _ bytes: WireBytes, _ family: IPAddress.Family) -> Int? {
        switch (family, type) {
        case (.v4, 3), (.v4, 11), (.v4, 12): bytes.byte(5).map { Int($0) * 4 }
        case (.v6, 1), (.v6, 3): bytes.byte(4).map { Int($0) * 8 }
        default: nil
        }
    }
}
