/// A TCP header (RFC 9293 3.1), as far as a SYN probe and its answers need it.
struct TCPSegment: Hashable {
    static let syn: UInt8 = 0x02
    static let reset: UInt8 = 0x04
    static let acknowledgement: UInt8 = 0x10

    var sourcePort: UInt16
    var destinationPort: UInt16
    var sequence: UInt32
    var acknowledged: UInt32
    var flags: UInt8
    var window: UInt16

    /// Nil when `bytes` hold less than a header.
    init?(_ bytes: WireBytes) {
        guard let source = bytes.half(0), let destination = bytes.half(2), let sequence = bytes.word(4),
            let acknowledged = bytes.word(8), let flags = bytes.byte(13), let window = bytes.half(14),
            bytes.half(18) != nil
        else { return nil }
        sourcePort = source
        destinationPort = destination
        self.sequence = sequence
        self.acknowledged = acknowledged
        self.flags = flags
        self.window = window
    }

    /// A SYN with the option that every real one has, the maximum segment size (firewalls drop those without), its
    /// checksum filled in.
    static func syn(
        from source: SocketAddress, to destination: SocketAddress, sequence: UInt32, window: UInt16 = 64240
    ) -> [UInt8] {
        let segmentSize: UInt16 = destination.address.family == .v4 ? 1460 : 1440
        var bytes: [UInt8] = []
        for half in [
            source.port, destination.port, UInt16(sequence >> 16), UInt16(sequence & 0xffff), 0, 0,
            // 6 words long, SYN.
            0x6000 | UInt16(syn), window, 0, 0, 0x0204, segmentSize,
        ] { bytes += [UInt8(half >> 8), UInt8(half & 255)] }
        let pseudo = InternetChecksum.pseudoHeader(
            source.address, destination.address, protocol: QuotedPacket.tcp, length: bytes.count)
        let checksum = bytes.withUnsafeBytes { InternetChecksum.of($0, pseudo) }
        bytes[16] = UInt8(checksum >> 8)
        bytes[17] = UInt8(checksum & 255)
        return bytes
    }
}
