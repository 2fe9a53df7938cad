/// What a name resolved to.
public struct Resolution: Sendable, Hashable {
    /// In the order in which they should be tried.
    public var addresses: [IPAddress]
    public var duration: Duration
    public var fromCache: Bool

    public init(addresses: [IPAddress], duration: Duration, fromCache: Bool) {
        self.addresses = addresses
        self.duration = duration
        self.fromCache = fromCache
    }
}

/// Looks names up for every tool of a reactor.
public final class Resolver: ReactorLocal, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private let reactor: Reactor

    public init(reactor: Reactor) { self.reactor = reactor }

    /// The addresses of `host` in the wanted families; a literal is never looked up.
    /// - Throws: at stage `resolve`: `resolve_nxdomain`, `resolve_timeout`, `resolve_refused`, `resolve_failure`, or
    ///   `no_address` when the name has none of the wanted family.
    public func resolve(
        _ host: Host, _ wanted: FamilyChoice, tool: String, until deadline: Instant
    ) async throws(ProbeFailure) -> Resolution {
        switch host {
        case .address(let address):
            guard wanted.allows(address.family) else {
                throw ProbeFailure(.resolve, .noAddress, "\(address) is not an IPv\(wanted.rawValue) address.")
            }
            return Resolution(addresses: [address], duration: .zero, fromCache: false)
        case .name(let name):
            throw ProbeFailure(.resolve, .resolveFailure, "Looking up \(name) is not built yet.")
        }
    }
}
