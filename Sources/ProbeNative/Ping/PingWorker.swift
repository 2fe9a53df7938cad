/// One thread's worth of the lane: an object per family, used by that thread alone.
final class PingWorker: @unchecked Sendable {
    // @unchecked: made before the thread that owns it from then on; only `work` touches the sockets.

    typealias Opened = Result<EchoSocket, ProbeFailure>

    private let v4: Opened
    private let v6: Opened

    init(v4: Opened, v6: Opened) {
        self.v4 = v4
        self.v6 = v6
    }

    /// Sends a batch of one class and finishes each request of it.
    func work(_ batch: [EchoRequest]) {
        guard let first = batch.first else { return }
        switch first.echo.address.family == .v4 ? v4 : v6 {
        case .success(let socket): work(batch, first, socket)
        case .failure(let failure):
            for request in batch { request.finish(EchoResult(outcome: .sendError(failure))) }
        }
    }

    private func work(_ batch: [EchoRequest], _ first: EchoRequest, _ socket: EchoSocket) {
        let clock = SystemTime()
        let before = (wall: clock.wallTime, monotonic: clock.now)
        // Only a batch of one may have its time cut (see `mayShare`).
        let left = batch.map { $0.deadline - before.monotonic }.min() ?? .zero
        guard left > .zero else {
            for request in batch { request.finish(EchoResult(outcome: .cut)) }
            return
        }
        let timeout = batch.count == 1 ? min(first.echo.timeout, left) : first.echo.timeout
        let answers = socket.send(to: batch.map(\.echo.address), first.batchClass.options, timeout: timeout)
        let check = ClockCheck(
            wall: .nanoseconds(clock.wallTime.nanoseconds - before.wall.nanoseconds),
            monotonic: clock.now - before.monotonic)
        for (request, answer) in zip(batch, answers) {
            request.finish(Self.result(answer, check, of: batch.count, wasCut: timeout < request.echo.timeout))
        }
    }

    private static func result(
        _ answer: EchoSocket.Answer, _ check: ClockCheck, of count: Int, wasCut: Bool
    ) -> EchoResult {
        switch answer {
        case .notSent(let failure): return EchoResult(outcome: .sendError(failure), clockStepped: check.stepped)
        case .awaited(let latency, let ttl):
            var result = check.outcome(latency: latency, ttl: ttl, isAlone: count == 1)
            // Silent for a part of its time only: nothing that the host is to blame for.
            if wasCut, result.outcome == .timeout { result.outcome = .cut }
            return result
        }
    }
}
