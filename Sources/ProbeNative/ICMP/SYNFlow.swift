/// SYN probes from one local port to one remote port: they differ in their sequence numbers alone, so routers that spread
/// by addresses and ports send them one way. Ends with its last reference. Confined to its reactor's thread.
public final class SYNFlow {
    /// A SYN that has left the node.
    public struct Sent: Sendable, Hashable {
        public var sequence: UInt32
        /// On the kernel's monotonic clock.
        public var at: Instant
    }

    public struct Event: Sendable {
        public enum Kind: Sendable {
            /// The port is open.
            case synAck(hopLimit: Int?)
            /// The port is closed, or something on the way refuses for it.
            case reset(hopLimit: Int?)
            case error(ICMPError)
        }
        public var sent: Sent
        public var kind: Kind
        public var receivedAt: Instant
        public var clockStepped: Bool
        public var rtt: Duration { receivedAt - sent.at }
    }

    private static let fullPause = Duration.milliseconds(1)
    private static let fullTries = 200

    public let local: SocketAddress
    public let remote: SocketAddress
    public let events: Inbox<Event>
    private let fd: Int32
    private let engine: SYNEngine
    private let receiver: RawReceiver
    private let reactor: Reactor
    private var icmp: ICMPWatch?
    private var sent: [UInt32: Sent] = [:]
    private var sequence = UInt32.random(in: 0 ... .max)

    init(
        from local: SocketAddress, to remote: SocketAddress, _ fd: Int32, _ engine: SYNEngine, _ receiver: RawReceiver,
        _ reactor: Reactor
    ) {
        self.local = local
        self.remote = remote
        self.fd = fd
        self.engine = engine
        self.receiver = receiver
        self.reactor = reactor
        events = Inbox(reactor)
    }

    deinit { engine.close(local.port, local.address.family) }

    func watch(_ engine: ICMPEngine) throws(ProbeFailure) {
        icmp = try engine.watch(.init(.tcp, to: remote, from: local.port)) { [weak self] in self?.take($0) }
    }

    /// Sends one SYN with a sequence number of its own.
    /// - Throws: as `EchoFlow.send`.
    nonisolated(nonsending) public func send(_ departure: Departure, in context: ProbeContext)
        async throws(ProbeFailure) -> Sent
    {
        // Far enough apart that no answer to one is in the window of another.
        sequence &+= 1 << 16
        let segment = TCPSegment.syn(from: local, to: remote, sequence: sequence)
        var departure = departure
        departure.source = .address(local.address)
        let request = context.request(.target, remote.address, port: remote.port)
        let to = SocketAddress(remote.address, port: 0)
        for _ in 0..<Self.fullTries {
            let now = receiver.sendTime()
            let result = segment.withUnsafeBytes { bytes in
                Result<Bool, ProbeFailure> { () throws(ProbeFailure) -> Bool in
                    try context.gate.send(bytes, through: fd, to: to, departure, as: request)
                }
            }
            if try result.get() {
                let sent = Sent(sequence: sequence, at: now)
                self.sent[sequence] = sent
                return sent
            }
            if await reactor.park(until: context.now + Self.fullPause) == .cancelled { throw .cancelled(.request) }
        }
        throw ProbeFailure(
            .request, .localResourceExhausted, "The node could not send to \(remote): its buffers stay full.")
    }

    /// Packets that the node's receive buffers had no room for, since start-up.
    public var drops: Int {
        reactor.local(ICMPEngine.self).drops(remote.address.family) + Syscalls.dropCount(fd)
    }

    /// Takes in what has arrived: to be called once before a probe is given up.
    public func read() {
        receiver.read()
        reactor.local(ICMPEngine.self).read(remote.address.family)
    }

    // MARK: What comes back

    /// An answer to a SYN acknowledges its sequence number plus one, RST as well (RFC 9293 3.10.7).
    func take(_ segment: TCPSegment, _ packet: RawReceiver.Packet, _ hopLimit: Int?) {
        guard segment.sourcePort == remote.port, packet.from.withoutZone == remote.address.withoutZone,
            segment.flags & TCPSegment.acknowledgement != 0, let sent = sent[segment.acknowledged &- 1]
        else { return }
        let isReset = segment.flags & TCPSegment.reset != 0
        put(
            sent, isReset ? .reset(hopLimit: hopLimit) : .synAck(hopLimit: hopLimit), packet.receivedAt,
            packet.clockStepped)
    }

    private func take(_ error: ICMPError) {
        guard case .tcp(_, _, let sequence) = error.quoted.transport, let sent = sent[sequence] else { return }
        put(sent, .error(error), error.receivedAt, error.clockStepped)
    }

    private func put(_ sent: Sent, _ kind: Event.Kind, _ instant: Instant, _ clockStepped: Bool) {
        events.put(Event(sent: sent, kind: kind, receivedAt: max(instant, sent.at), clockStepped: clockStepped))
    }
}
