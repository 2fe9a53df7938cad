/// SYN segments from one port to one port; they differ in their sequence numbers.
final class SYNTraceFlow: TraceFlow, @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private let flow: SYNFlow
    private let context: ProbeContext
    private var pending: SYNFlow.Event?

    init(to address: SocketAddress, in context: ProbeContext) throws(ProbeFailure) {
        flow = try context.reactor.local(SYNEngine.self).open(to: address, in: context)
        self.context = context
    }

    var drops: Int { flow.drops }
    func read() { flow.read() }

    func send(hop: Int) async throws(ProbeFailure) -> (name: UInt32, at: Instant) {
        let sent = try await flow.send(Departure(hopLimit: hop), in: context)
        return (sent.sequence, sent.at)
    }

    func take() -> (name: UInt32, answer: TraceAnswer)? {
        guard let event = pending.take() ?? flow.events.take() else { return nil }
        return (event.sent.sequence, answer(event))
    }

    func wait() async -> Bool {
        switch await flow.events.next(until: .distantFuture) {
        case .event(let event): pending = event
        case .timeout: break
        case .cancelled: return false
        }
        return true
    }

    private func answer(_ event: SYNFlow.Event) -> TraceAnswer {
        switch event.kind {
        case .error(let error): TraceAnswer(error, to: .tcp, sentAt: event.sent.at)
        case .synAck(let hopLimit), .reset(let hopLimit):
            TraceAnswer(
                kind: .target, from: flow.remote.address, rtt: event.rtt, hopLimit: hopLimit,
                clockStepped: event.clockStepped)
        }
    }
}
