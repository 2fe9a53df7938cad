/// Echo requests of one ident and one checksum.
final class EchoTraceFlow: TraceFlow, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private let flow: EchoFlow
    private let engine: ICMPEngine
    private let context: ProbeContext
    private let size: Int
    private var pending: EchoFlow.Event?

    /// - Parameter packetSize: of the whole IP packet.
    init(to address: IPAddress, packetSize: Int, timeout: Duration, in context: ProbeContext) throws(ProbeFailure) {
        engine = context.reactor.local(ICMPEngine.self)
        flow = try engine.openEcho(to: address, rest: timeout)
        size = packetSize - address.family.headerLength - 8
        self.context = context
    }

    var drops: Int { engine.drops(flow.destination.family) }
    func read() { engine.read(flow.destination.family) }

    func send(hop: Int) async throws(ProbeFailure) -> (name: UInt32, at: Instant) {
        let departure = Departure(hopLimit: hop, source: context.source)
        let sent = try await flow.send(departure, size: size, keepsChecksum: true, in: context)
        return (UInt32(sent.sequence), sent.at)
    }

    func take() -> (name: UInt32, answer: TraceAnswer)? {
        guard let event = pending.take() ?? flow.events.take() else { return nil }
        return (UInt32(event.sent.sequence), answer(event))
    }

    func wait() async -> Bool {
        switch await flow.events.next(until: .distantFuture) {
        case .event(let event): pending = event
        case .timeout: break
        case .cancelled: return false
        }
        return true
    }

    private func answer(_ event: EchoFlow.Event) -> TraceAnswer {
        switch event.kind {
        case .error(let error): return TraceAnswer(error, to: .icmp, sentAt: event.sent.at)
        case .reply(let from, let hopLimit, _):
            return TraceAnswer(
                kind: .target, from: from, rtt: event.rtt, hopLimit: hopLimit,
                icmpType: Int(ICMPType.echoReply(from.family)), icmpCode: 0, clockStepped: event.clockStepped)
        }
    }
}

extension IPAddress.Family {
    /// Bytes of an IP header without options or extensions.
    var headerLength: Int { self == .v4 ? 20 : 40 }
}
