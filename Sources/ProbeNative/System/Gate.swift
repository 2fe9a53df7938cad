import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The one place where a probe's sockets are opened and connected. Each goes past the address policy, with the address
/// in hand, and draws a descriptor from the budget.
public final class Gate: ReactorLocal, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    public enum Transport: String, Sendable { case tcp, udp }

    /// The local end that a job asks for.
    public enum Source: Sendable, Hashable {
        case address(IPAddress)
        case interface(String)
    }

    let reactor: Reactor
    /// What holds for whatever is asked from now on.
    var policy: any AddressPolicy
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
    public func check(_ request: PolicyRequest, for span: Span? = nil) throws(ProbeFailure) {
        let reason = policy.denial(of: request)
        span?.note(
            .policy, "\(request.address)", reason ?? "allowed as \(request.purpose.rawValue)", isFailed: reason != nil)
        if let reason { throw ProbeFailure(.policy, .policyDenied, reason) }
    }

    /// Throws `policy_denied` when a name, or one of the addresses that it has, must not be used.
    func check(
        name: String, addresses: [IPAddress], tool: String, for span: Span? = nil
    ) throws(ProbeFailure) {
        let reason = policy.denial(ofName: name, addresses: addresses, tool: tool)
        span?.note(
            .policy, addresses.isEmpty ? name : "\(name) with its addresses", reason ?? "allowed",
            isFailed: reason != nil)
        if let reason { throw ProbeFailure(.policy, .policyDenied, reason) }
    }

    /// Throws `rate_limited` when an address that a job asks for has been asked for too often.
    func admit(_ address: IPAddress, tool: String) throws(ProbeFailure) {
        if let reason = policy.refusal(of: address, tool: tool, at: reactor.now) {
            throw ProbeFailure(.policy, .rateLimited, reason)
        }
    }

    /// Throws `policy_denied` when one job must not ask for that many ports.
    func check(portCount: Int, of address: IPAddress, tool: String) throws(ProbeFailure) {
        let most = policy.portsPerJob(at: address, tool: tool)
        guard portCount > most else { return }
        throw ProbeFailure(
            .policy, .policyDenied,
            "The job asks for \(portCount) ports; this node's policy allows \(most) a job.")
    }

    /// A connected socket: for UDP at once, for TCP when the handshake is done.
    /// - Throws: `policy_denied`; `local_resource_exhausted` when no descriptor came free in time; the connect's own
    ///   failure (`connection_refused`, `connection_timeout`, `host_unreachable`, ...) at stage `connect`.
    nonisolated(nonsending) public func connect(
        _ transport: Transport, to address: SocketAddress, as request: PolicyRequest, source: Source? = nil,
        until deadline: Instant, for span: Span? = nil
    ) async throws(ProbeFailure) -> Socket {
        let socket = try await open(
            transport, to: address, as: request, source: source, until: deadline, for: span)
        try await socket.connect(to: address, until: deadline)
        return socket
    }

    /// A socket that the caller connects by itself, to know when exactly the handshake began.
    nonisolated(nonsending) func open(
        _ transport: Transport, to address: SocketAddress, as request: PolicyRequest, source: Source?,
        until deadline: Instant, for span: Span? = nil
    ) async throws(ProbeFailure) -> Socket {
        var request = request
        request.address = address.address
        request.port = address.port
        try check(request, for: span)
        let share = try await descriptors.draw(until: deadline, stage: .connect)
        let type = transport == .tcp ? PROBE_SOCK_STREAM : PROBE_SOCK_DGRAM
        let descriptor = try Self.socket(to: address, type, 0, source, .connect)
        do throws(Errno) {
            let socket = try Socket(reactor, descriptor, share)
            // A datagram socket's connect sends nothing.
            if transport == .tcp { socket.span = span }
            return socket
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
        return try Self.socket(to: address, type, proto, source, .connect)
    }

    /// The local address that packets to `address` leave from, as the kernel's routes say (a datagram socket's connect,
    /// which sends nothing).
    /// - Throws: `policy_denied`; `network_unreachable`, ... at stage `request`.
    func sourceAddress(
        towards address: IPAddress, source: Source?, as request: PolicyRequest
    ) throws(ProbeFailure) -> IPAddress {
        var request = request
        request.address = address
        try check(request)
        let peer = SocketAddress(address, port: 9)
        let descriptor = try Self.socket(to: peer, PROBE_SOCK_DGRAM, 0, source, .request)
        do throws(Errno) {
            try Syscalls.connect(descriptor.number, to: peer)
            if let local = try Syscalls.localAddress(descriptor.number)?.address { return local }
        } catch { throw error.failure(.request, "sending to \(address)") }
        throw ProbeFailure(.request, .internalError, "The kernel tells no local address towards \(address).")
    }

    /// - Throws: `invalid_parameters` for a source that this node does not have or that is of another IP version.
    private static func socket(
        to address: SocketAddress, _ type: Int32, _ proto: Int32, _ source: Source?, _ stage: Stage
    ) throws(ProbeFailure) -> FileDescriptor {
        let family = address.address.family
        do throws(Errno) {
            let descriptor = try Syscalls.socket(family.domain, type, proto)
            switch source {
            case nil: break
            case .interface(let name): try Syscalls.bindToDevice(descriptor.number, name)
            case .address(let local):
                guard local.family == family else { throw Errno(rawValue: EAFNOSUPPORT) }
                try Syscalls.bind(descriptor.number, to: SocketAddress(local, port: 0))
            }
            return descriptor
        } catch {
            switch (error.rawValue, source) {
            case (ENODEV, .interface(let name)):
                throw ProbeFailure(
                    stage, .invalidParameters, "source \(name.quotedForMessage) is no interface of this node.")
            case (EADDRNOTAVAIL, .address(let local)):
                throw ProbeFailure(stage, .invalidParameters, "source \(local) is no address of this node.")
            case (EAFNOSUPPORT, .address(let local)):
                throw ProbeFailure(
                    stage, .invalidParameters, "source \(local) is of another IP version than \(address.address).")
            default: throw error.failure(stage, "opening a socket to \(address)")
            }
        }
    }
}
