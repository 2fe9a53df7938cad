#if canImport(Glibc)
    import Glibc
#endif

/// A datagram ICMP socket (icmp(7): SOCK_DGRAM with IPPROTO_ICMP), which needs no capability where
/// net.ipv4.ping_group_range has the process's group. The kernel makes its ident, lets in replies to that ident only, and
/// queues ICMP errors (IP_RECVERR). One a job.
final class DatagramEndpoint: EchoDoor {
    private let socket: Gate.PingSocket
    private var receiver: RawReceiver?
    private weak var flow: EchoFlow?

    /// A flow of echo requests through a socket of its own.
    /// - Throws: `permission_denied` where the kernel allows no such socket; `policy_denied`, `local_resource_exhausted`.
    static func openEcho(
        to destination: IPAddress, dontFragment: Bool, in context: ProbeContext
    ) async throws(ProbeFailure) -> EchoFlow {
        let socket = try await context.gate.openPing(
            to: destination, dontFragment: dontFragment, as: context.request(.target, destination, port: nil),
            source: context.source, until: context.deadline)
        do throws(Errno) {
            let endpoint = try DatagramEndpoint(socket, destination.family, context.reactor)
            let flow = EchoFlow(destination, ident: socket.ident, through: endpoint, on: context.reactor) { _ in }
            endpoint.flow = flow
            return flow
        } catch { throw error.failure(.request, "preparing a ping socket") }
    }

    private init(_ socket: Gate.PingSocket, _ family: IPAddress.Family, _ reactor: Reactor) throws(Errno) {
        self.socket = socket
        receiver = try RawReceiver(
            socket.number, on: reactor, errors: { [unowned self] in take($0, family) }
        ) { [unowned self] in take($0, family) }
    }

    // The socket is the job's own, and its buffer holds far more than what one job has on the way.
    nonisolated(nonsending) func admit(size: Int, until deadline: Instant) async throws(ProbeFailure) -> Pacer.Ticket {
        0
    }
    func giveBack(_ ticket: Pacer.Ticket) {}

    func sendTime() -> Instant { receiver?.sendTime() ?? Instant(nanoseconds: 0) }
    func descriptor(dontFragment: Bool) -> Int32 { socket.number }
    func read() { _ = receiver?.read() }
    var drops: Int { Syscalls.dropCount(socket.number) }

    private func take(_ packet: RawReceiver.Packet, _ family: IPAddress.Family) {
        guard case .reply(let reply) = ICMPMessage(packet.bytes, family) else { return }
        flow?.take(
            reply,
            ICMPEndpoint.Arrival(
                message: .reply(reply), from: packet.from, hopLimit: packet.hopLimit, size: packet.length - 8,
                receivedAt: packet.receivedAt, clockStepped: packet.clockStepped))
    }

    private func take(_ error: RawReceiver.QueuedError, _ family: IPAddress.Family) {
        let quoted = QuotedPacket(echoTo: error.destination, error.bytes)
        guard let from = error.from, case .echo(_, let sequence, _, let cookie) = quoted.transport else { return }
        let tellsMTU = ICMPError.isPacketTooBig(family, error.type, error.code) && error.info > 0
        flow?.take(
            ICMPError(
                from: from, type: error.type, code: error.code, receivedAt: error.receivedAt,
                clockStepped: error.clockStepped, nextHopMTU: tellsMTU ? Int(error.info) : nil, quoted: quoted,
                extensions: []),
            sequence: sequence, cookie: cookie)
    }
}
