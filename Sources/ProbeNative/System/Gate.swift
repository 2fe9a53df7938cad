import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The one place where a probe's sockets are opened and connected. Each goes past the address policy, with the address
/// in hand, and draws a descriptor from the budget.
public final class Gate: ReactorLocal, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    public enum Transport: Sendable { case tcp, udp }

    /// The local end that a job asks for.
    public enum Source: Sendable, Hashable {
        case address(IPAddress)
        case interface(String)
    }

    private let reactor: Reactor
    private let policy: any AddressPolicy
    /// One a socket, whoever opens it.
    public let descriptors: Budget

    public init(reactor: Reactor, policy: any AddressPolicy, descriptorLimit: Int) {
        self.reactor = reactor
        self.policy = policy
        descriptors = Budget(reactor, limit: descriptorLimit)
    }

    public convenience init(reactor: Reactor) { self.init(reactor: reactor, policy: AllowAll(), descriptorLimit: 512) }

    /// Throws `policy_denied` when the address must not be used. Whatever sends by other means than `connect` (liboping,
    /// libcurl) asks here first.
    public func check(_ request: PolicyRequest) throws(ProbeFailure) {
        if let reason = policy.denial(of: request) { throw ProbeFailure(.policy, .policyDenied, reason) }
    }

    /// A connected socket: for UDP at once, for TCP when the handshake is done.
    /// - Throws: `policy_denied`; `local_resource_exhausted` when no descriptor came free in time; the connect's own
    ///   failure (`connection_refused`, `connection_timeout`, `host_unreachable`, ...) at stage `connect`.
    public func connect(
        _ transport: Transport, to address: SocketAddress, as request: PolicyRequest, source: Source? = nil,
        until deadline: Instant
    ) async throws(ProbeFailure) -> Socket {
        let socket = try await open(transport, to: address, as: request, source: source, until: deadline)
        try await socket.connect(to: address, until: deadline)
        return socket
    }

    /// A socket that the caller connects by itself, to know when exactly the handshake began.
    func open(
        _ transport: Transport, to address: SocketAddress, as request: PolicyRequest, source: Source?,
        until deadline: Instant
    ) async throws(ProbeFailure) -> Socket {
        var request = request
        request.address = address.address
        request.port = address.port
        try check(request)
        let share = try await descriptors.draw(until: deadline, stage: .connect)
        do throws(Errno) {
            let type = transport == .tcp ? PROBE_SOCK_STREAM : PROBE_SOCK_DGRAM
            let descriptor = try Syscalls.socket(address.address.family.domain, type, 0)
            if let source { try Self.bind(descriptor.number, source, address.address.family) }
            return try Socket(reactor, descriptor, share)
        } catch {
            throw error.failure(.connect, "opening a socket to \(address)")
        }
    }

    /// Checks the policy, and that the kernel has a route to `address` and lets this process use it: what a datagram
    /// socket's connect finds out without sending anything.
    /// - Throws: `policy_denied`; `network_unreachable`, `host_unreachable`, `permission_denied`, ... at stage `request`.
    func checkRoute(to address: IPAddress, as request: PolicyRequest) throws(ProbeFailure) {
        try check(request)
        do throws(Errno) {
            let descriptor = try Syscalls.socket(address.family.domain, PROBE_SOCK_DGRAM, 0)
            try Syscalls.connect(descriptor.number, to: SocketAddress(address, port: 9))
        } catch { throw error.failure(.request, "sending to \(address)") }
    }

    /// A socket for a library that connects it itself (libcurl's OPENSOCKETFUNCTION). The caller holds a share of
    /// `descriptors` already, because a C callback cannot wait for one, and owns the descriptor from here on.
    public func openForLibrary(
        _ address: SocketAddress, type: Int32, protocol proto: Int32, as request: PolicyRequest, source: Source?
    ) throws(ProbeFailure) -> FileDescriptor {
        var request = request
        request.address = address.address
        request.port = address.port
        try check(request)
        do throws(Errno) {
            let descriptor = try Syscalls.socket(address.address.family.domain, type, proto)
            if let source { try Self.bind(descriptor.number, source, address.address.family) }
            return descriptor
        } catch {
            throw error.failure(.connect, "opening a socket to \(address)")
        }
    }

    private static func bind(_ fd: Int32, _ source: Source, _ family: IPAddress.Family) throws(Errno) {
        switch source {
        case .interface(let name): try Syscalls.bindToDevice(fd, name)
        case .address(let address):
            guard address.family == family else { throw Errno(rawValue: EAFNOSUPPORT) }
            try Syscalls.bind(fd, to: SocketAddress(address, port: 0))
        }
    }
}
