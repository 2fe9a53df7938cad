/// Sends echo requests by our own hands, through an `EchoFlow`: sees who refuses a packet and why, and tells late replies
/// and duplicates from the reply that is waited for.
final class FlowEngine: EchoEngine {
    let name: String
    private let flow: EchoFlow
    private let dontFragment: Bool
    private let dropsBefore: Int
    /// The job's numbers of packets beside the flow's.
    private var numbers: [(sequence: UInt16, number: Int)] = []
    private var strays: [EchoStray] = []

    init(_ name: String, _ flow: EchoFlow, dontFragment: Bool) {
        self.name = name
        self.flow = flow
        self.dontFragment = dontFragment
        dropsBefore = flow.drops
    }

    var receiveOverflow: Int? { flow.drops - dropsBefore }

    nonisolated(nonsending) func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult {
        let drops = flow.drops
        let sent: EchoFlow.Sent
        do throws(ProbeFailure) {
            sent = try await flow.send(
                Departure(
                    hopLimit: echo.ttl, trafficClass: echo.tos, dontFragment: dontFragment, source: context.source),
                size: echo.size, in: context)
        } catch {
            let wasCut = error.code == .cancelled || error.code == .deadlineExceeded
            return EchoResult(outcome: wasCut ? .cut : .sendError(error))
        }
        numbers.append((sent.sequence, echo.number))
        let limit = context.now + echo.timeout
        while true {
            switch await flow.events.next(until: min(limit, context.deadline)) {
            case .event(let event):
                if let result = judge(event, waitingFor: sent, echo.timeout) { return result }
            case .cancelled: return EchoResult(outcome: .cut)
            case .timeout:
                // This thread may be late, the kernel's stamps are not.
                flow.read()
                while let event = flow.events.take() {
                    if let result = judge(event, waitingFor: sent, echo.timeout) { return result }
                }
                if limit > context.deadline { return EchoResult(outcome: .cut) }
                return EchoResult(outcome: .timeout, overflowed: flow.drops > drops)
            }
        }
    }

    func takeStrays() -> [EchoStray] {
        while let event = flow.events.take() { _ = judge(event, waitingFor: nil, .zero) }
        defer { strays.removeAll() }
        return strays
    }

    /// The result of the packet that is waited for, if the event settles it; anything else is kept as a stray.
    @inline(never)
    private func judge(
        _ event: EchoFlow.Event, waitingFor sent: EchoFlow.Sent?, _ timeout: Duration
    ) -> EchoResult? {
        switch event.kind {
        case .reply(let from, let hopLimit, _):
            if event.sent == sent, !event.isDuplicate, event.rtt <= timeout || event.clockStepped {
                return EchoResult(
                    outcome: .reply(rtt: event.rtt, ttl: hopLimit), from: from, clockStepped: event.clockStepped)
            }
            keep(event, from, hopLimit)
            // Its time was over when it came, though it was read before that was noticed.
            return event.sent == sent && !event.isDuplicate ? EchoResult(outcome: .timeout) : nil
        case .error(let error):
            guard event.sent == sent else { return nil }
            return EchoResult(
                outcome: .unreachable(error.failure), from: error.from, reason: error.reason,
                clockStepped: event.clockStepped)
        }
    }

    private func keep(_ event: EchoFlow.Event, _ from: IPAddress, _ hopLimit: Int?) {
        guard let packet = numbers.last(where: { $0.sequence == event.sent.sequence }) else { return }
        strays.append(
            EchoStray(
                number: packet.number, kind: event.isDuplicate ? .duplicate : .reply, rtt: event.rtt, ttl: hopLimit,
                from: from, clockStepped: event.clockStepped))
    }
}
