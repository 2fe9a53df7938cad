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
            guard let own = entry.ifa_addr.flatMap({ SocketAddress($0) }) else { continue }
            addresses.insert(own.address.withoutZone)
        }
        return addresses
    }
}
