/// The payload of a probe: two bytes that give the datagram its checksum, and the probe's name.
enum UDPProbePayload {
    static let minimumSize = 4

    static func bytes(_ pattern: [UInt8], name: UInt16, from local: SocketAddress, to remote: SocketAddress) -> [UInt8]
    {
        var bytes = pattern
        let length = 8 + bytes.count
        bytes.replaceSubrange(0..<minimumSize, with: [0, 0, UInt8(name >> 8), UInt8(name & 255)])
        let pseudo = InternetChecksum.pseudoHeader(
            local.address.withoutZone, remote.address.withoutZone, protocol: QuotedPacket.udp, length: length)
        let header = UInt32(local.port) + UInt32(remote.port) + UInt32(length)
        let rest = bytes.withUnsafeBytes {
            InternetChecksum.sum($0, UInt32(InternetChecksum.fold(UInt64(pseudo) + UInt64(header))))
        }
        // The checksum is the complement of the sum over everything; ones' complement subtraction adds a complement.
        let filling = InternetChecksum.fold(UInt64(~name) + UInt64(~rest))
        bytes[0] = UInt8(filling >> 8)
        bytes[1] = UInt8(filling & 255)
        return bytes
    }

    static func name(_ payload: UnsafeRawBufferPointer) -> UInt16? {
        payload.count >= minimumSize ? UInt16(payload[2]) << 8 | UInt16(payload[3]) : nil
    }
}

/// Names for a flow's probes. Each is a UDP checksum, so neither 0 (which says that there is none, RFC 768) nor 0xffff.
/// Reactors have names of their own: each gets a copy of every error, also of those about another one's probes that have
/// the same addresses and ports.
struct UDPProbeNames {
    private static let widthOfReactor: UInt16 = 2
    private static let count: UInt16 = 1 << (16 - widthOfReactor)

    private let bits: UInt16
    private var last: UInt16

    init(reactor: Int) {
        bits = UInt16(reactor & 3) << (16 - Self.widthOfReactor)
        last = .random(in: 1...Self.count - 2)
    }

    mutating func next() -> UInt16 {
        last = last == Self.count - 2 ? 1 : last + 1
        return bits | last
    }
}
