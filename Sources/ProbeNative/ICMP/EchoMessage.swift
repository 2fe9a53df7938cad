/// Builds echo requests (RFC 792, RFC 4443 4.1).
enum EchoMessage {
    /// Fills `buffer` with a message: its ICMP header, and payload to the end. The checksum is filled in for IPv4; over
    /// ICMPv6, where it covers addresses, the kernel does it (RFC 3542 3.1).
    ///
    /// With `keepsChecksum`, two bytes behind the cookie make up for what changes from request to request, so that all
    /// requests of one ident and size have one checksum: routers that spread packets by the first bytes behind the IP
    /// header then send them one way ("Paris traceroute"). That needs `size` >= 10.
    static func write(
        to buffer: UnsafeMutableRawBufferPointer, _ family: IPAddress.Family, ident: UInt16, sequence: UInt16,
        cookie: EchoCookie, keepsChecksum: Bool = false
    ) {
        let bytes = buffer.assumingMemoryBound(to: UInt8.self)
        let size = bytes.count - headerLength
        bytes[0] = ICMPType.echoRequest(family)
        bytes[1] = 0
        put(0, at: 2, bytes)
        put(ident, at: 4, bytes)
        put(sequence, at: 6, bytes)
        for index in 0..<min(size, cookie.count) { bytes[headerLength + index] = cookie[index] }
        for index in min(size, cookie.count)..<size { bytes[headerLength + index] = UInt8(truncatingIfNeeded: index) }
        let behind = headerLength + EchoCookie.length
        if keepsChecksum, size >= EchoCookie.length + 2 {
            put(0, at: behind, bytes)
            let sum = InternetChecksum.sum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[6..<behind]))
            // Ones' complement: the sum of both is always 0xffff.
            put(~sum, at: behind, bytes)
        }
        if family == .v4 { put(InternetChecksum.of(UnsafeRawBufferPointer(buffer)), at: 2, bytes) }
    }

    static let headerLength = 8

    private static func put(_ value: UInt16, at offset: Int, _ bytes: UnsafeMutableBufferPointer<UInt8>) {
        bytes[offset] = UInt8(value >> 8)
        bytes[offset + 1] = UInt8(value & 255)
    }
}
