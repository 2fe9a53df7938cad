/// Sends echo requests through the liboping lane. The job waits on its reactor; only the lane's thread blocks.
struct LaneEngine: EchoEngine {
    let lane: PingLane
    let name = "liboping"

    /// What a thread of the lane leaves for the job; touched on the job's reactor only.
    private final class Answer: @unchecked Sendable {
        // @unchecked: confined to the reactor's thread; the lane's thread only hands it through.
        var result: EchoResult?
        var token: WaitToken?
    }

    nonisolated(nonsending) func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult {
        let reactor = context.reactor
        if let failure = routeFailure(echo, context) { return EchoResult(outcome: .sendError(failure)) }
        let left = context.deadline - context.now
        guard left > .zero else { return EchoResult(outcome: .cut) }
        let answer = Answer()
        // The lane counts in real time, whatever clock the reactor is on.
        let clock = SystemTime()
        let request = EchoRequest(echo, deadline: clock.now + left) { result in
            reactor.submit {
                answer.result = result
                if let token = answer.token { reactor.wake(token) }
            }
        }
        lane.submit(request)
        while answer.result == nil {
            let reason = await reactor.park(until: context.now + echo.timeout + .seconds(1)) { answer.token = $0 }
            if reason == .cancelled {
                // Queued: never sent. In flight: nobody listens any more.
                _ = request.settle()
                return EchoResult(outcome: .cut)
            }
            if reason == .timeout { lane.interruptOverdue(at: clock.now) }
        }
        return answer.result ?? EchoResult(outcome: .cut)
    }

    /// liboping takes ENETUNREACH and EHOSTUNREACH for sent packets: a datagram socket's connect finds them first.
    private func routeFailure(_ echo: Echo, _ context: ProbeContext) -> ProbeFailure? {
        do throws(ProbeFailure) {
            try context.gate.checkRoute(to: echo.address, as: context.request(.target, echo.address, port: nil))
            return nil
        } catch { return error }
    }
}
