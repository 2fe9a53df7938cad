/// Bytes of a received packet, read in network order. Nothing is read beyond their end: what is not there is nil.
/// Valid only as long as the buffer that it was made from.
public struct WireBytes {
    private let buffer: UnsafeRawBufferPointer

    public init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    public var count: Int { buffer.count }
    public var array: [UInt8] { Array(buffer) }

    public func byte(_ offset: Int) -> UInt8? {
        offset >= 0 && offset < buffer.count ? buffer[offset] : nil
    }

    public func half(_ offset: Int) -> UInt16? {
        guard let high = byte(offset), let low = byte(offset + 1) else { return nil }
        return UInt16(high) << 8 | UInt16(low)
    }

    public func word(_ offset: Int) -> UInt32? {
        guard let high = half(offset), let low = half(offset + 2) else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    /// What is behind the first `length` bytes; nil when there are fewer.
    public func dropping(_ length: Int) -> WireBytes? {
        guard length >= 0, length <= buffer.count else { return nil }
        return WireBytes(UnsafeRawBufferPointer(rebasing: buffer[length...]))
    }

    /// The first `length` bytes, or all where there are fewer.
    public func prefix(_ length: Int) -> WireBytes {
        WireBytes(UnsafeRawBufferPointer(rebasing: buffer[..<min(max(0, length), buffer.count)]))
    }

    /// The Internet checksum's sum over these bytes (RFC 1071), without the final complement.
    func onesSum(_ start: UInt32 = 0) -> UInt16 { InternetChecksum.sum(buffer, start) }
}

/// RFC 1071.
enum InternetChecksum {
    /// The ones' complement sum of 16-bit words; an odd last byte is padded with zero.
    static func sum(_ bytes: UnsafeRawBufferPointer, _ start: UInt32 = 0) -> UInt16 {
        var sum = UInt64(start)
        var index = 0
        while index + 1 < bytes.count {
            sum += UInt64(bytes[index]) << 8 | UInt64(bytes[index + 1])
            index += 2
        }
        if index < bytes.count { sum += UInt64(bytes[index]) << 8 }
        return fold(sum)
    }

    static func fold(_ value: UInt64) -> UInt16 {
        var sum = value
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return UInt16(sum)
    }

    static func of(_ bytes: UnsafeRawBufferPointer, _ start: UInt32 = 0) -> UInt16 { ~sum(bytes, start) }

    /// The sum of the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 3.1, RFC 8200 8.1).
    static func pseudoHeader(
        _ source: IPAddress, _ destination: IPAddress, protocol proto: UInt8, length: Int
    ) -> UInt32 {
        var sum = UInt64(proto) + UInt64(length >> 16) + UInt64(length & 0xffff)
        for address in [source, destination] {
            for word in [address.high, address.low] {
                sum += (word >> 48) + (word >> 32 & 0xffff) + (word >> 16 & 0xffff) + (word & 0xffff)
            }
        }
        return UInt32(fold(sum))
    }
}
