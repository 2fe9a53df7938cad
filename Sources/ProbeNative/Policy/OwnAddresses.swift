#if canImport(Glibc)
    import Glibc
#endif

/// The addresses of this machine's interfaces (getifaddrs(3)), read anew when they are older than half a minute. When
/// they cannot be read, those known before stay.
public final class OwnAddresses: Sendable {
    private struct State: Sendable {
        var addresses: Set<IPAddress> = []
        var readAt: Instant?
    }

    private static let lifetime = Duration.seconds(30)
    private let state = Locked(State())
    private let time: any TimeSource
    private let read: @Sendable () -> Set<IPAddress>?

    public init(
        time: any TimeSource = SystemTime(), read: @escaping @Sendable () -> Set<IPAddress>? = OwnAddresses.interfaces
    ) {
        self.time = time
        self.read = read
        // Known from the start, whatever the process may still ask the kernel later.
        _ = contains(IPAddress(v4: 0))
    }

    public func contains(_ address: IPAddress) -> Bool {
        let now = time.now
        return state.withLock { state in
            if state.readAt.map({ now - $0 > Self.lifetime }) ?? true {
                state.readAt = now
                if let fresh = read() { state.addresses = fresh }
            }
            return state.addresses.contains(address.withoutZone)
        }
    }

    /// Nil when the kernel does not tell.
    public static let interfaces: @Sendable () -> Set<IPAddress>? = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        var addresses: Set<IPAddress> = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr else { continue }
            switch Int32(address.pointee.sa_family) {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    _ = addresses.insert(IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr)))
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    let bytes = withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
                    if let address = IPAddress(bytes: bytes) { addresses.insert(address) }
                }
            default: break
            }
        }
        return addresses
    }
}
