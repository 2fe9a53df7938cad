/// A tool that runs on the lane for added tools instead of a reactor.
struct LaneTool<Base: Tool>: Tool {
    /// Less than the engine's own: so the node's slot is free again when the job is answered.
    private static var grace: Duration { .milliseconds(200.0) }

    let base: Base
    let lane: CustomLane

    var name: String { base.name }
    var summary: String { base.summary }
    var targetHelp: String { base.targetHelp }

    func target(_ text: String) throws(InvalidInput) -> Base.Target { try base.target(text) }
    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> Base.Parameters {
        base.parameters(&reader, common)
    }
    func expectedDuration(_ parameters: Base.Parameters) -> Duration { base.expectedDuration(parameters) }
    func weight(_ parameters: Base.Parameters) -> Int { base.weight(parameters) }

    func run(_ target: Base.Target, _ parameters: Base.Parameters, in context: ProbeContext) async -> ProbeOutcome {
        do throws(ProbeFailure) { try lane.enter() } catch { return ProbeOutcome(failure: error) }
        let (reactor, call) = (context.reactor, LaneCall(lane))
        let work = Task(executorPreference: lane) { [base] in
            let outcome = await base.run(target, parameters, in: context)
            call.end()
            reactor.submit { call.answer(outcome) }
        }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { call.wait($0) }
        } onCancel: {
            work.cancel()
            reactor.submit { reactor.schedule(at: reactor.now + Self.grace) { call.abandon() } }
        }
    }
}

/// One run on the lane: it ends, or is given up, whichever comes first.
private final class LaneCall: @unchecked Sendable {
    // @unchecked: `stage` is a mutex, the rest is touched on the reactor's thread only.
    private enum Stage { case running, abandoned, ended }
    private let lane: CustomLane
    private let stage = Locked(Stage.running)
    private var waiting: UnsafeContinuation<ProbeOutcome, Never>?
    private var outcome: ProbeOutcome?

    init(_ lane: CustomLane) { self.lane = lane }

    func wait(_ continuation: UnsafeContinuation<ProbeOutcome, Never>) {
        waiting = continuation
        if let outcome { answer(outcome) }
    }

    /// On the lane's thread, whose place is free from now on, also where the reactor has ended meanwhile.
    func end() {
        stage.withLock { stage in
            lane.leave(wasAbandoned: stage == .abandoned)
            stage = .ended
        }
    }

    func abandon() {
        let isLate = stage.withLock { stage in
            guard stage == .running else { return false }
            stage = .abandoned
            lane.abandon()
            return true
        }
        if isLate { answer(ProbeOutcome(failure: .cancelled(.response))) }
    }

    func answer(_ outcome: ProbeOutcome) {
        self.outcome = outcome
        waiting.take()?.resume(returning: outcome)
    }
}

extension ProbeContext {
    /// Runs `body` on the reactor of this probe: for added tools, which run elsewhere, and whose resolver and sockets are
    /// there. It must not block.
    ///
    ///     let resolution = try await context.onReactor { try await $0.resolve(target) }
    public func onReactor<Value: Sendable, Failure: Error>(
        _ body: @Sendable (ProbeContext) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withTaskExecutorPreference(reactor) {
            do throws(Failure) { return .success(try await body(self)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
