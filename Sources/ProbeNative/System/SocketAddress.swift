#if canImport(Glibc)
    import Glibc
#endif

/// An address and a port: what a socket is connected or sent to.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    public var address: IPAddress
    public var port: UInt16

    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    public var description: String {
        address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }

    /// Reads a sockaddr of AF_INET or AF_INET6; nil for any other.
    public init?(_ storage: sockaddr_storage) {
        let parsed: SocketAddress? = withUnsafeBytes(of: storage) { raw in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let value = raw.loadUnaligned(as: sockaddr_in.self)
                return SocketAddress(
                    IPAddress(v4: UInt32(bigEndian: value.sin_addr.s_addr)), port: UInt16(bigEndian: value.sin_port))
            case AF_INET6:
                let value = raw.loadUnaligned(as: sockaddr_in6.self)
                return withUnsafeBytes(of: value.sin6_addr) { bytes in
                    IPAddress(bytes: bytes, zone: value.sin6_scope_id).map {
                        SocketAddress($0, port: UInt16(bigEndian: value.sin6_port))
                    }
                }
            default: return nil
            }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The same behind a pointer, as getifaddrs(3) and getaddrinfo(3) hand it out.
    public init?(_ pointer: UnsafePointer<sockaddr>) {
        let size =
            switch Int32(pointer.pointee.sa_family) {
            case AF_INET: MemoryLayout<sockaddr_in>.size
            case AF_INET6: MemoryLayout<sockaddr_in6>.size
            default: 0
            }
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size))
        }
        self.init(storage)
    }

    /// Calls `body` with the kernel's form of this address.
    public func withSockAddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Result) throws(Errno)
        -> Result
    {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { raw -> socklen_t in
            if address.family == .v4 {
                var value = sockaddr_in()
                value.sin_family = sa_family_t(AF_INET)
                value.sin_port = port.bigEndian
                value.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
                raw.storeBytes(of: value, as: sockaddr_in.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            }
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = address.zone
            withUnsafeMutableBytes(of: &value.sin6_addr) { bytes in
                bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            raw.storeBytes(of: value, as: sockaddr_in6.self)
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        let result: Swift.Result<Result, Errno> = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                do throws(Errno) { return .success(try body(address, length)) } catch { return .failure(error) }
            }
        }
        return try result.get()
    }
}
