/// A probe on its reactor, from start to completion.
public final class RunningProbe: @unchecked Sendable {
    // @unchecked: the mutable state is touched on the reactor's thread only; `stop` goes there first.

    /// A tool that heeds its cancellation needs microseconds; one that has not ended by now is answered for.
    private static let grace = Duration.milliseconds(250.0)

    private let reactor: Reactor
    private let probe: PreparedProbe
    private let queued: Duration
    private var completion: (@Sendable (ProbeResult) -> Void)?
    private var task: Task<Void, Never>?
    private var startedAt = Instant(nanoseconds: 0)
    private var stopReason: StopReason?
    private var timer: Reactor.TimerToken?
    private let span: Span?
    private let wait: Span?
    private var work: Span?

    init(
        _ reactor: Reactor, _ probe: PreparedProbe, queued: Duration, span: Span?,
        completion: @escaping @Sendable (ProbeResult) -> Void
    ) {
        self.reactor = reactor
        self.probe = probe
        self.queued = queued
        self.completion = completion
        self.span = span
        wait = span?.begin(.queue, "for reactor \(reactor.index)")
    }

    /// Cancels the probe from any thread; the first reason counts. Its sockets close at once.
    public func stop(_ reason: StopReason) {
        reactor.submit { self.interrupt(reason) }
    }

    func begin(_ context: ProbeContext, permit: (any Sendable)?) {
        guard completion != nil else { return }
        startedAt = reactor.now
        wait?.end("admitted", at: startedAt)
        work = span?.begin(.run, "\(probe.tool) \(probe.target)", at: startedAt)
        let context = work == nil ? context : context.within(work)
        timer = reactor.schedule(at: context.deadline) { [weak self] in self?.interrupt(.deadline) }
        task = reactor.spawn { [self] in
            let outcome =
                probe.common.bothFamilies ? await SideBySide.run(probe, in: context) : await probe.run(context)
            finish(outcome)
            withExtendedLifetime(permit) {}
        }
        if stopReason != nil { task?.cancel() }
    }

    private func interrupt(_ reason: StopReason) {
        guard completion != nil, stopReason == nil else { return }
        stopReason = reason
        span?.note(.stop, reason == .deadline ? "the deadline came" : "the job was cancelled", isFailed: true)
        task?.cancel()
        if let timer { reactor.cancel(timer) }
        timer = reactor.schedule(at: reactor.now + Self.grace) { [weak self] in
            self?.finish(ProbeOutcome(failure: .cancelled(.response)))
        }
    }

    private func finish(_ outcome: ProbeOutcome) {
        guard let completion = completion.take() else { return }
        if let timer { reactor.cancel(timer) }
        var outcome = outcome
        // Tools only see that their task is cancelled; why, the engine knows. A tool that was done all the same keeps
        // its result.
        if let failure = outcome.failure, failure.code == .cancelled, let stopReason {
            outcome.failure = stopReason.failure(at: failure.stage)
        }
        if let stopReason, var both = outcome.report as? SideBySide {
            both.replaceCancelled(by: stopReason)
            outcome.report = both
        }
        if let failure = outcome.failure { work?.fail(failure) } else { work?.end("done") }
        span?.note(
            .verdict, "of the tool",
            outcome.failure.map { "\($0.code.rawValue) at \($0.stage.rawValue): \($0.detail)" } ?? "ok",
            isFailed: outcome.failure != nil)
        let delay = reactor.worstDelay(since: startedAt)
        if delay > .zero { outcome.quality.schedulingDelay = delay }
        completion(
            ProbeResult(
                tool: probe.tool, target: probe.target, outcome: outcome, ignoredParameters: probe.ignoredParameters,
                queued: queued, run: reactor.now - startedAt, finishedAt: reactor.time.wallTime))
    }
}

extension StopReason {
    func failure(at stage: Stage) -> ProbeFailure {
        switch self {
        case .deadline: .deadline(stage)
        case .cancelled: .cancelled(stage)
        case .shutdown: ProbeFailure(stage, .shuttingDown, "The node is shutting down.")
        }
    }
}
