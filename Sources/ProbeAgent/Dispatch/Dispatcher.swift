import DequeModule
import Logging
import ProbeNative
import ProbeProtocol

/// Where results go, encoded; and where the answers to finished jobs can be found again.
public protocol ResultSink: Sendable {
    func append(requestID: String, _ bytes: [UInt8])
    /// Sends the answer to a finished job once more; false when it is not known (any more).
    func repeatAnswer(requestID: String) -> Bool
    /// True while so much is unsent that new jobs must be refused rather than results lost.
    var isCongested: Bool { get }
    /// True while so much is unsent that not even refusals may be added.
    var isFull: Bool { get }
}

/// Takes jobs in, runs them in bounded number, and sees to it that each gets exactly one answer.
public final class Dispatcher: Sendable {
    fileprivate enum Activity {
        case queued
        /// Handed to the engine, whose handle is not here yet; `stop` is what to tell it then.
        case starting(stop: StopReason?)
        case running(RunningProbe)
    }
    fileprivate struct State {
        var queue: AdmissionQueue
        var active: [String: Activity] = [:]
        var isDraining = false
        var counts = DispatchCounts()
        var idle: [CheckedContinuation<Void, Never>] = []
        var complaints = LogLimit(every: .seconds(10))
        /// By code, of which there are few.
        var refusals: [ErrorCode: LogLimit] = [:]
    }

    private let engine: Engine
    private let intake: Intake
    private let sink: any ResultSink
    private let progress: @Sendable (ProgressFrame) -> Void
    private let maxResultBytes: Int
    private let audit: AuditLog?
    private let events: NodeEvents
    private let logger: Logger
    private let expiry: Alarm
    private let state: Locked<State>
    public let metrics: JobMetrics

    public init(
        engine: Engine, sink: any ResultSink, slots: Int, queueLimit: Int, maxResultBytes: Int = 1 << 20,
        audit: AuditLog? = nil, events: NodeEvents = NodeEvents(), logger: Logger,
        progress: @escaping @Sendable (ProgressFrame) -> Void = { _ in }
    ) {
        self.audit = audit
        self.events = events
        self.engine = engine
        self.sink = sink
        self.maxResultBytes = maxResultBytes
        self.logger = logger
        self.progress = progress
        intake = Intake(registry: engine.registry)
        metrics = JobMetrics(tools: engine.registry.tools.map(\.name))
        expiry = Alarm(engine.reactors.reactors[0])
        state = Locked(State(queue: AdmissionQueue(slots: slots, queueLimit: queueLimit)))
    }

    public var counts: DispatchCounts {
        state.withLock { state in
            var counts = state.counts
            counts.queued = state.queue.queued
            counts.maxConcurrent = state.queue.slots
            counts.queueLimit = state.queue.queueLimit
            counts.isDraining = state.isDraining
            counts.inFlight = state.active.count - state.queue.queued
            return counts
        }
    }

    /// Other limits from now on. What runs or waits beyond them goes on.
    public func resize(slots: Int, queueLimit: Int) {
        let ready = state.withLock { state in
            let ready = state.queue.resize(slots: slots, queueLimit: queueLimit)
            state.markStarting(ready)
            return ready
        }
        start(ready)
    }

    // MARK: Jobs in

    public func receive(_ message: JobMessage, at now: Instant) {
        let known = state.withLock { state in
            if state.active[message.requestID] != nil { return true }
            state.active[message.requestID] = .starting(stop: nil)
            return false
        }
        if known {
            logger.debug("job.duplicate", metadata: ["request_id": "\(message.requestID)", "state": "running"])
            return
        }
        if sink.repeatAnswer(requestID: message.requestID) {
            let idle = state.withLock { state in
                state.active[message.requestID] = nil
                return state.takeIdle()
            }
            for waiter in idle { waiter.resume() }
            logger.debug("job.duplicate", metadata: ["request_id": "\(message.requestID)", "state": "answered"])
            return
        }
        do throws(ProbeFailure) {
            admit(try intake.validate(message, at: now))
        } catch {
            reject(message, error)
        }
    }

    private func admit(_ job: ValidatedJob) {
        let isCongested = sink.isCongested
        let (decision, deadline): (Result<AdmissionQueue.Decision, ProbeFailure>, Instant?) = state.withLock { state in
            if state.isDraining { return (.failure(StopReason.shutdown.failure), nil) }
            if isCongested { return (.failure(Self.congested), nil) }
            let decision = state.queue.offer(job)
            if case .wait = decision { state.active[job.requestID] = .queued }
            if case .full = decision {
                return (.failure(Self.full(state.queue.queued)), nil)
            }
            // In the lock: the job cannot end before it is told of.
            events.tell(.jobAccepted(requestID: job.requestID, tool: job.probe.tool, target: job.probe.target))
            return (.success(decision), state.queue.earliestDeadline)
        }
        switch decision {
        case .success(let decision):
            logger.debug(
                "job.accepted",
                metadata: [
                    "request_id": "\(job.requestID)", "tool": "\(job.probe.tool)", "target": "\(job.probe.target)",
                ])
            if case .start(let job) = decision { return run(job) }
            logger.debug("job.queued", metadata: ["request_id": "\(job.requestID)"])
            if let deadline { expiry.arm(at: deadline) { [weak self] in self?.expireQueued() } }
        case .failure(let failure): refuse(job.requestID, result(of: job, failure), .refused)
        }
    }

    private static func full(_ waiting: Int) -> ProbeFailure {
        ProbeFailure(.queue, .queueFull, "The queue is full (\(waiting) jobs wait).")
    }

    private static let congested = ProbeFailure(
        .queue, .queueFull, "Too many results wait for the backend: no new job is taken until it has taken some.")

    /// Stops a job wherever it is; an unknown one was answered already.
    public func cancel(requestID: String) {
        let removed = state.withLock { state -> (job: ValidatedJob, ready: [ValidatedJob])? in
            if let removed = state.queue.remove(requestID) {
                state.markStarting(removed.ready)
                return removed
            }
            stop(&state, requestID, .cancelled)
            return nil
        }
        guard let removed else { return }
        finish(removed.job, StopReason.cancelled.failure)
        start(removed.ready)
    }

    private func stop(_ state: inout State, _ requestID: String, _ reason: StopReason) {
        switch state.active[requestID] {
        case .running(let running): running.stop(reason)
        case .starting(nil): state.active[requestID] = .starting(stop: reason)
        case .starting, .queued, nil: break
        }
    }

    private func expireQueued() {
        let now = engine.time.now
        let (expired, ready, next) = state.withLock { state in
            let (expired, ready) = state.queue.expire(at: now)
            state.markStarting(ready)
            return (expired, ready, state.queue.earliestDeadline)
        }
        for job in expired { finish(job, .deadline(.queue)) }
        start(ready)
        if let next { expiry.arm(at: next) { [weak self] in self?.expireQueued() } }
    }

    // MARK: Running

    /// Jobs that the queue gave out. While results cannot get out none is made: each may be a megabyte, and thousands
    /// wait.
    private func start(_ jobs: [ValidatedJob]) {
        var jobs = Deque(jobs)
        while let job = jobs.popFirst() {
            guard sink.isCongested else {
                run(job)
                continue
            }
            refuse(job.requestID, result(of: job, Self.congested), .queued)
            jobs += state.withLock { state in
                let ready = state.queue.release(job)
                state.markStarting(ready)
                return ready
            }
        }
    }

    private func run(_ job: ValidatedJob) {
        logger.debug("job.started", metadata: ["request_id": "\(job.requestID)"])
        let reporter = job.wantsProgress ? ProgressReporter(job.requestID, time: engine.time, send: progress) : nil
        let running = engine.start(
            job.probe, deadline: job.deadline, queued: engine.time.now - job.receivedAt,
            permit: Permit { [weak self] in self?.release(job) }, progress: reporter?.report
        ) { [self] result in
            reporter?.end()
            answer(job.requestID, result, .run)
        }
        state.withLock { state in
            guard case .starting(let stop) = state.active[job.requestID] else { return }
            state.active[job.requestID] = .running(running)
            if let stop { running.stop(stop) }
        }
    }

    /// A slot came free, because a tool has really ended.
    private func release(_ job: ValidatedJob) {
        let ready = state.withLock { state in
            let ready = state.queue.release(job)
            state.markStarting(ready)
            return ready
        }
        start(ready)
    }

    // MARK: Answers out

    private func reject(_ message: JobMessage, _ failure: ProbeFailure) {
        let result = JobResult(
            rejecting: message.requestID, tool: message.tool, target: message.target, failure, at: engine.time.wallTime)
        refuse(message.requestID, result.result, .refused)
    }

    private func finish(_ job: ValidatedJob, _ failure: ProbeFailure) {
        answer(job.requestID, result(of: job, failure), .queued)
    }

    private func result(of job: ValidatedJob, _ failure: ProbeFailure) -> ProbeResult {
        ProbeResult(
            tool: job.probe.tool, target: job.probe.target, outcome: ProbeOutcome(failure: failure),
            ignoredParameters: job.probe.ignoredParameters, queued: engine.time.now - job.receivedAt,
            finishedAt: engine.time.wallTime)
    }

    /// A refusal is answered too, unless the backend takes no answers: it could make refusals without end. The job was not
    /// taken, and whoever misses an answer may send it again.
    private func refuse(_ requestID: String, _ result: ProbeResult, _ way: JobMetrics.Way) {
        logRefusal(requestID, result)
        guard sink.isFull else { return answer(requestID, result, way) }
        note(requestID, result, way)
        let (suppressed, idle) = state.withLock { state in
            state.active[requestID] = nil
            state.counts.count(result)
            state.counts.unanswered += 1
            return (state.complaints.admit(at: engine.time.now), state.takeIdle())
        }
        for waiter in idle { waiter.resume() }
        guard let suppressed else { return }
        logger.warning(
            "job.unanswered",
            metadata: [
                "reason": "the backend sends jobs and takes no answers: jobs are refused without one",
                "suppressed": "\(suppressed)",
            ])
    }

    /// The one way out. The answer is in the sink before the job stops being active: a duplicate always finds one of
    /// the two.
    private func answer(_ requestID: String, _ result: ProbeResult, _ way: JobMetrics.Way) {
        note(requestID, result, way)
        sink.append(
            requestID: requestID, JobResult(requestID: requestID, result: result).encoded(limit: maxResultBytes))
        let idle = state.withLock { state in
            state.active[requestID] = nil
            state.counts.count(result)
            return state.takeIdle()
        }
        for waiter in idle { waiter.resume() }
        logger.debug(
            "job.finished",
            metadata: [
                "request_id": "\(requestID)", "tool": "\(result.tool)", "target": "\(result.target)",
                "code": "\(result.outcome.failure?.code.rawValue ?? JobMetrics.success)",
                "queued_ms": "\(result.queued.inMilliseconds)", "run_ms": "\(result.run.inMilliseconds)",
            ])
    }

    private func note(_ requestID: String, _ result: ProbeResult, _ way: JobMetrics.Way) {
        metrics.count(result, way)
        audit?.record(requestID, result)
        events.tell(.jobFinished(requestID: requestID, result))
    }

    /// Of a kind of refusal one line a minute tells the owner, with how many there were.
    private func logRefusal(_ requestID: String, _ result: ProbeResult) {
        guard let failure = result.outcome.failure else { return }
        logger.debug(
            "job.refused",
            metadata: [
                "request_id": "\(requestID)", "error_code": "\(failure.code.rawValue)", "reason": "\(failure.detail)",
            ])
        guard failure.code != .shuttingDown else { return }
        let now = engine.time.now
        let suppressed = state.withLock { state in
            state.refusals[failure.code, default: LogLimit(every: .seconds(60))].admit(at: now)
        }
        guard let suppressed else { return }
        var metadata: Logger.Metadata = ["error_code": "\(failure.code.rawValue)", "reason": "\(failure.detail)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning("jobs.refused", metadata: metadata)
    }

    // MARK: Shutdown

    /// Takes no more jobs and answers the queued ones; the running go on.
    public func drain() {
        let queued = state.withLock { state in
            state.isDraining = true
            return state.queue.drain()
        }
        for job in queued { finish(job, StopReason.shutdown.failure) }
    }

    /// Cuts what still runs.
    public func stopRunning() {
        state.withLock { state in
            for requestID in Array(state.active.keys) { stop(&state, requestID, .shutdown) }
        }
    }

    /// Returns when nothing is queued or runs.
    public func idle() async {
        await withCheckedContinuation { continuation in
            let waiters = state.withLock { state in
                state.idle.append(continuation)
                return state.takeIdle()
            }
            for waiter in waiters { waiter.resume() }
        }
    }
}

extension Dispatcher.State {
    /// In the same lock that takes them from the queue: a cancel must find a job either queued or starting.
    fileprivate mutating func markStarting(_ jobs: [ValidatedJob]) {
        for job in jobs { active[job.requestID] = .starting(stop: nil) }
    }

    fileprivate mutating func takeIdle() -> [CheckedContinuation<Void, Never>] {
        guard active.isEmpty else { return [] }
        defer { idle = [] }
        return idle
    }
}

extension StopReason {
    /// As a queued job hears it.
    fileprivate var failure: ProbeFailure {
        switch self {
        case .deadline: .deadline(.queue)
        case .cancelled: .cancelled(.queue)
        case .shutdown: ProbeFailure(.queue, .shuttingDown, "The node is shutting down.")
        }
    }
}
