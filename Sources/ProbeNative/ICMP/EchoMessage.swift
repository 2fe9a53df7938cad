/// Builds echo requests (RFC 792, RFC 4443 4.1).
enum EchoMessage {
    /// Random bytes at the head of the payload, by which a reply is known to be the answer to this very request.
    static let cookieLength = 8

    /// The message with its ICMP header. The checksum is filled in for IPv4; over ICMPv6, where it covers addresses, the
    /// kernel does it (RFC 3542 3.1).
    ///
    /// With `keepsChecksum`, two bytes behind the cookie make up for what changes from request to request, so that all
    /// requests of one ident and size have one checksum: routers that spread packets by the first bytes behind the IP
    /// header then send them one way ("Paris traceroute"). That needs `size` >= 10.
    static func request(
        _ family: IPAddress.Family, ident: UInt16, sequence: UInt16, size: Int, cookie: [UInt8],
        keepsChecksum: Bool = false
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 8 + size) { bytes, count in
            bytes.initialize(repeating: 0)
            count = 8 + size
            bytes[0] = ICMPType.echoRequest(family)
            put(ident, at: 4, bytes)
            put(sequence, at: 6, bytes)
            for index in 0..<size { bytes[8 + index] = UInt8(truncatingIfNeeded: index) }
            for (index, byte) in cookie.prefix(size).enumerated() { bytes[8 + index] = byte }
            if keepsChecksum, size >= cookieLength + 2 {
                put(0, at: 8 + cookieLength, bytes)
                let sum = InternetChecksum.sum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[6..<16]))
                // Ones' complement: the sum of both is always 0xffff.
                put(~sum, at: 8 + cookieLength, bytes)
            }
            if family == .v4 { put(InternetChecksum.of(UnsafeRawBufferPointer(bytes)), at: 2, bytes) }
        }
    }

    private static func put(_ value: UInt16, at offset: Int, _ bytes: UnsafeMutableBufferPointer<UInt8>) {
        bytes[offset] = UInt8(value >> 8)
        bytes[offset + 1] = UInt8(value & 255)
    }
}
