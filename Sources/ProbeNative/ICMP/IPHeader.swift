/// The header of an IPv4 or IPv6 packet, as far as probing needs it.
struct IPHeader: Hashable {
    var source: IPAddress
    var destination: IPAddress
    var protocolNumber: UInt8
    /// TTL or hop limit.
    var hopLimit: UInt8
    /// Type of service or traffic class.
    var trafficClass: UInt8
    /// IPv4's, or that of an IPv6 fragment header; nil for a whole IPv6 packet.
    var identification: UInt32?
    /// Of the whole packet as its header tells it, this header included.
    var totalLength: Int
    /// In bytes. Anything but 0: no transport header follows.
    var fragmentOffset: Int
    /// Where the transport header begins.
    var length: Int

    /// Reads the header that `bytes` begin with; nil for anything that is none. Options and a fragment header are
    /// passed over (RFC 791 3.1, RFC 8200 3 and 4.5).
    init?(_ bytes: WireBytes, _ family: IPAddress.Family) {
        switch family {
        case .v4: self.init(v4: bytes)
        case .v6: self.init(v6: bytes)
        }
    }

    private init?(v4 bytes: WireBytes) {
        guard let first = bytes.byte(0), first >> 4 == 4, let tos = bytes.byte(1), let total = bytes.half(2),
            let id = bytes.half(4), let fragment = bytes.half(6), let ttl = bytes.byte(8), let proto = bytes.byte(9),
            let source = bytes.word(12), let destination = bytes.word(16)
        else { return nil }
        let length = Int(first & 15) * 4
        guard length >= 20, length <= bytes.count else { return nil }
        self.source = IPAddress(v4: source)
        self.destination = IPAddress(v4: destination)
        protocolNumber = proto
        hopLimit = ttl
        trafficClass = tos
        identification = UInt32(id)
        totalLength = Int(total)
        fragmentOffset = Int(fragment & 0x1fff) * 8
        self.length = length
    }

    private init?(v6 bytes: WireBytes) {
        guard let first = bytes.word(0), first >> 28 == 6, let payload = bytes.half(4), let next = bytes.byte(6),
            let hops = bytes.byte(7), let source = IPAddress(v6: bytes, at: 8),
            let destination = IPAddress(v6: bytes, at: 24)
        else { return nil }
        self.source = source
        self.destination = destination
        protocolNumber = next
        hopLimit = hops
        trafficClass = UInt8(truncatingIfNeeded: first >> 20)
        totalLength = 40 + Int(payload)
        fragmentOffset = 0
        length = 40
        if next == Self.fragmentHeader, let proto = bytes.byte(40), let field = bytes.half(42), let id = bytes.word(44)
        {
            protocolNumber = proto
            fragmentOffset = Int(field >> 3) * 8
            identification = id
            length = 48
        }
    }

    private static let fragmentHeader: UInt8 = 44
}

extension IPAddress {
    /// 16 bytes at `offset`.
    init?(v6 bytes: WireBytes, at offset: Int) {
        guard let a = bytes.word(offset), let b = bytes.word(offset + 4), let c = bytes.word(offset + 8),
            let d = bytes.word(offset + 12)
        else { return nil }
        self.init(v6High: UInt64(a) << 32 | UInt64(b), low: UInt64(c) << 32 | UInt64(d))
    }

    /// 224.0.0.0/4 and ff00::/8: replies come from others than the address that was asked.
    var isMulticast: Bool { family == .v4 ? low >> 28 == 14 : high >> 56 == 0xff }
}
