import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// UDP datagrams from one port to one port, from an ordinary socket. They differ in their checksums, which every ICMP
/// error quotes: the payload's first two bytes make each come out as wanted.
///
/// The errors come by the node's raw ICMP socket. Where there is none, by the socket's own error queue (IP_RECVERR): it
/// tells no checksum, so there the payload says which probe it is, as far as routers quote it.
final class UDPTraceFlow: TraceFlow, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private let socket: Socket
    private let local: SocketAddress
    private let remote: SocketAddress
    private let context: ProbeContext
    private let payload: [UInt8]
    private let engine: ICMPEngine
    private let watch: ICMPWatch?
    private var errors: SocketErrors?
    private let inbox: Inbox<(name: UInt32, answer: TraceAnswer)>
    private var pending: (name: UInt32, answer: TraceAnswer)?
    private var sentAt: [UInt16: Instant] = [:]
    private var names: UDPProbeNames

    private init(
        _ socket: Socket, to remote: SocketAddress, payloadSize: Int, _ watch: ICMPWatch?, in context: ProbeContext
    ) throws(Errno) {
        self.socket = socket
        self.remote = remote
        self.context = context
        self.watch = watch
        engine = context.reactor.local(ICMPEngine.self)
        inbox = Inbox(context.reactor)
        guard let local = socket.localAddress else { throw Errno(rawValue: EADDRNOTAVAIL) }
        self.local = local
        payload = (0..<payloadSize).map { UInt8(truncatingIfNeeded: $0) }
        names = UDPProbeNames(reactor: context.reactor.index)
        let family = remote.address.family
        // Packets larger than the path takes are parted: it is the hops that are asked for.
        try Syscalls.setOption(
            socket.number, family.level, family == .v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
            family == .v4 ? IP_PMTUDISC_DONT : IPV6_PMTUDISC_DONT)
        // The kernel's own label is another one for each socket, and routers may spread packets by it (RFC 6438).
        if family == .v6 { try Syscalls.setOption(socket.number, family.level, Self.automaticFlowLabel, 0) }
        if watch == nil { errors = try SocketErrors(socket, family) }
    }

    /// What an ICMP error is handed to before the flow that it is for exists.
    private final class Recipient { weak var flow: UDPTraceFlow? }

    /// - Parameter flow: which of the flows to this address: it decides on the source port, so that the same number
    ///   takes the same way again. A port that another probe of this address has gives way to another.
    /// - Throws: `policy_denied`, `network_unreachable`, `local_resource_exhausted`, ...
    static func open(
        to remote: SocketAddress, flow number: Int, packetSize: Int, in context: ProbeContext
    ) async throws(ProbeFailure) -> UDPTraceFlow {
        let request = context.request(.target, remote.address, port: remote.port)
        let engine = context.reactor.local(ICMPEngine.self)
        let hasRaw = engine.failure(remote.address.family) == nil
        for attempt in 0..<portCount {
            let port = firstPort + UInt16((number + attempt * flowsApart) % portCount)
            let recipient = Recipient()
            var watch: ICMPWatch?
            if hasRaw {
                watch = try engine.watchIfFree(.init(.udp, to: remote, from: port)) { recipient.flow?.take($0) }
                if watch == nil { continue }
            }
            // Without the raw socket only the port tells whose error it is.
            let socket = try await context.gate.connectDatagram(
                to: remote, fromPort: port, isShared: hasRaw, as: request, source: context.source,
                until: context.deadline)
            guard let socket else { continue }
            do throws(Errno) {
                let flow = try UDPTraceFlow(
                    socket, to: remote, payloadSize: packetSize - remote.address.family.headerLength - 8, watch,
                    in: context)
                recipient.flow = flow
                return flow
            } catch { throw error.failure(.request, "preparing a socket to \(remote)") }
        }
        throw ProbeFailure(
            .request, .localResourceExhausted, "All source ports for UDP probes to \(remote) are in use.")
    }

    /// Above the ports that the kernel gives to sockets (ip_local_port_range).
    private static let firstPort: UInt16 = 61000
    private static let portCount = 4000
    /// Prime to `portCount`: every port gets its turn.
    private static let flowsApart = 61
    /// IPV6_AUTOFLOWLABEL of linux/in6.h, which Glibc's Swift module does not show.
    private static let automaticFlowLabel: Int32 = 70
    /// An error about an earlier probe fails one call each.
    private static let sendTries = 64

    var drops: Int { engine.drops(remote.address.family) }

    // MARK: Sending

    func send(hop: Int) async throws(ProbeFailure) -> (name: UInt32, at: Instant) {
        let name = names.next()
        let bytes = UDPProbePayload.bytes(payload, name: name, from: local, to: remote)
        do throws(Errno) {
            let family = remote.address.family
            try Syscalls.setOption(
                socket.number, family.level, family == .v4 ? IP_TTL : IPV6_UNICAST_HOPS, Int32(hop))
            for _ in 0..<Self.sendTries {
                let now = context.now
                do throws(Errno) {
                    try Syscalls.sendInSoftware(socket.number, bytes)
                    sentAt[name] = now
                    return (UInt32(name), now)
                } catch {
                    // What an ICMP error said about a probe before: told once, by the next call.
                    guard Self.isAboutEarlierProbe(error) else { throw error }
                }
            }
            throw Errno(rawValue: ENOBUFS)
        } catch { throw error.failure(.request, "sending to \(remote)") }
    }

    private static func isAboutEarlierProbe(_ error: Errno) -> Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EPROTO, ENOPROTOOPT, EACCES, EMSGSIZE].contains(error.rawValue)
    }

    // MARK: What comes back

    func read() {
        engine.read(remote.address.family)
        readErrors()
    }

    func take() -> (name: UInt32, answer: TraceAnswer)? { pending.take() ?? inbox.take() }

    func wait() async -> Bool {
        guard errors == nil else {
            let reason = await socket.readable(until: .distantFuture)
            readErrors()
            return reason != .cancelled
        }
        switch await inbox.next(until: .distantFuture) {
        case .event(let event): pending = event
        case .timeout: break
        case .cancelled: return false
        }
        return true
    }

    private func take(_ error: ICMPError) {
        guard case .udp(_, _, _, let checksum) = error.quoted.transport, let sentAt = sentAt[checksum] else { return }
        inbox.put((UInt32(checksum), TraceAnswer(error, to: .udp, sentAt: sentAt)))
    }

    private func readErrors() {
        errors?.read { error, payload in
            let name = UDPProbePayload.name(payload) ?? onlyOpenName
            guard let name, let sentAt = sentAt[name] else { return }
            inbox.put((UInt32(name), error.answer(to: remote.address, sentAt: sentAt)))
        }
    }

    /// A router that quotes no payload leaves no doubt only where one probe is out.
    private var onlyOpenName: UInt16? { sentAt.count == 1 ? sentAt.keys.first : nil }
}

extension ICMPEngine {
    /// Nil when another probe on this reactor watches for errors about the same ports.
    fileprivate func watchIfFree(
        _ key: ProbeKey, _ handler: @escaping (ICMPError) -> Void
    ) throws(ProbeFailure) -> ICMPWatch? {
        do throws(ProbeFailure) { return try watch(key, handler) } catch {
            if error.code == .localResourceExhausted { return nil }
            throw error
        }
    }
}

extension IPAddress.Family {
    /// The level of this family's socket options.
    var level: Int32 { Int32(self == .v4 ? IPPROTO_IP : IPPROTO_IPV6) }
}
