import Logging
import ProbeNative
import ServiceLifecycle

/// Runs checks by their schedule, without any backend, and tells the outputs what came of them.
///
/// The checks have the engine of their own that they are given, and slots of their own: the backend's jobs and the
/// operator's checks do not wait for each other, and obey different policies.
public final class Watch: Service {
    struct Watched {
        /// A run that was started or waits for a slot.
        struct Active {
            var check: Check
            var scheduled: Instant
            var running: RunningProbe?
        }
        var check: Check
        var state = CheckState()
        var active: Active?
        /// Since the last result.
        var skipped = 0
    }
    struct State {
        var watched: [String: Watched] = [:]
        /// In the file's order.
        var order: [String] = []
        var schedule = Schedule()
        var queue: AdmissionQueue
        /// What `once` has yet to start, last first.
        var backlog: [String] = []
        /// By the ids of their jobs.
        var visits: [String: Visit] = [:]
        var visitCount = 0
        var once: (left: Int, isGood: Bool, done: CheckedContinuation<Bool, Never>)?
        /// `once` is to end early.
        var isStopped = false
        var counts = WatchCounts()
        var isEnding = false
    }

    let registry: ToolRegistry
    let path: String
    let outputs: [any WatchOutput]
    let logger: Logger
    let state: Locked<State>
    public let engine: Engine
    let time: any TimeSource
    private let alarm: Alarm
    private let slots: Int
    /// Held while outputs are told something: all hear everything in one order.
    let telling = Locked<Void>(())

    /// - Parameters:
    ///   - engine: its tools, with their sockets, are also those of the file's next reading.
    ///   - slots: how many checks run at once, each with its tool's weight.
    public init(
        _ file: WatchFile, engine: Engine, slots: Int = 256, outputs: [any WatchOutput], logger: Logger
    ) {
        path = file.path
        registry = engine.registry
        self.engine = engine
        time = engine.time
        self.slots = slots
        self.outputs = outputs
        self.logger = logger
        alarm = Alarm(engine.reactors.reactors[0])
        var state = State(queue: AdmissionQueue(slots: slots, queueLimit: WatchFile.mostChecks))
        for check in file.checks {
            state.order.append(check.id)
            state.watched[check.id] = Watched(check: check)
        }
        self.state = Locked(state)
    }

    public var counts: WatchCounts { state.withLock(\.counts) }

    /// Watches until the service group asks for a graceful shutdown.
    public func run() async throws {
        try begin()
        let now = time.now
        state.withLock { state in
            for id in state.order {
                if let timing = state.watched[id]?.check.timing { state.schedule.add(id, timing, at: now) }
            }
        }
        arm()
        let (end, ended) = AsyncStream<Void>.makeStream()
        await withGracefulShutdownHandler {
            for await _ in end { break }
        } onGracefulShutdown: {
            ended.finish()
        }
        await finish()
    }

    /// Runs each check once, as fast as the slots allow, without regard to its windows.
    /// - Returns: true when all went well; false when `stopOnce` ended it.
    public func once() async throws -> Bool {
        try begin()
        let isGood = await withCheckedContinuation { continuation in
            let early: Bool? = state.withLock { state in
                if state.isStopped || state.order.isEmpty { return !state.isStopped }
                state.backlog = state.order.reversed()
                state.once = (state.order.count, true, continuation)
                return nil
            }
            if let early { return continuation.resume(returning: early) }
            for _ in 0..<slots { startNext() }
        }
        await finish()
        return isGood
    }

    private func begin() throws(ConfigurationError) {
        for output in outputs { try output.start(self, logger) }
        let checks = state.withLock { state in state.order.compactMap { state.watched[$0]?.check } }
        logger.info("watch.starting", metadata: ["file": "\(path)", "checks": "\(checks.count)"])
        tell([.checks(checks)])
    }

    /// Stops what runs; its results are nobody's.
    private func finish() async {
        let running = state.withLock { state in
            state.isEnding = true
            return state.watched.values.compactMap { $0.active?.running }
        }
        for probe in running { probe.stop(.shutdown) }
        endVisits()
        // Behind a call that is under way.
        telling.withLock { _ in }
        // Together: each may take seconds over a peer that does not answer, and whoever stops the process waits for all.
        await withTaskGroup(of: Void.self) { group in
            for output in outputs { group.addTask { await output.finish() } }
        }
        for output in outputs where output.dropped > 0 {
            logger.warning("watch.dropped", metadata: ["output": "\(output.name)", "count": "\(output.dropped)"])
        }
    }

    func tell(_ events: [WatchEvent]) {
        for event in events { for output in outputs { output.receive(event) } }
    }

    // MARK: The schedule

    func arm() {
        let next = state.withLock { state in
            [state.schedule.earliest, state.queue.earliestDeadline].compactMap(\.self).min()
        }
        if let next { alarm.arm(at: next) { [weak self] in self?.tick() } }
    }

    private func tick() {
        let (now, wall) = (time.now, time.wallTime)
        // First, so that a check whose wait for a slot is over may ask for one again.
        let (expired, freed) = state.withLock { $0.isEnding ? ([], []) : $0.queue.expire(at: now) }
        for job in expired { end(job, Self.full) }
        let offers = state.withLock { $0.isEnding ? [] : $0.takeDue(at: now, wall) }
        for job in freed { start(job) }
        for offer in offers {
            switch offer {
            case .start(let job): start(job)
            case .wait: break
            case .full(let job): end(job, Self.full)
            }
        }
        arm()
    }

    static let full = ProbeFailure(
        .queue, .queueFull, "No slot became free before the check was due again: too many run at once.")

    private func startNext() {
        let now = time.now
        let job = state.withLock { state -> ValidatedJob? in
            guard let id = state.backlog.popLast() else { return nil }
            if case .start(let job) = state.offer(id, scheduled: now, at: now) { return job }
            return nil
        }
        if let job { start(job) }
    }

    // MARK: Runs

    func start(_ job: ValidatedJob) {
        if startVisit(job) { return }
        let (id, now) = (job.requestID, time.now)
        guard let check = state.withLock({ $0.watched[id]?.active?.check }) else { return release(job) }
        let running = engine.start(
            check.probe, deadline: now + check.timing.timeout, queued: now - job.receivedAt,
            permit: Permit { [weak self] in self?.release(job) }
        ) { [weak self] result in self?.end(id, result) }
        state.withLock { state in
            state.counts.started += 1
            state.watched[id]?.active?.running = running
        }
    }

    func release(_ job: ValidatedJob) {
        for ready in state.withLock({ $0.isEnding ? [] : $0.queue.release(job) }) { start(ready) }
    }

    func end(_ job: ValidatedJob, _ failure: ProbeFailure) {
        let result = ProbeResult(
            tool: job.probe.tool, target: job.probe.target, outcome: ProbeOutcome(failure: failure),
            queued: time.now - job.receivedAt, finishedAt: time.wallTime)
        end(job.requestID, result)
    }

    private func end(_ id: String, _ result: ProbeResult) {
        if endVisit(id, result) { return }
        let started = time.now.advanced(by: .zero - result.run)
        let wall = WallTime(nanoseconds: result.finishedAt.nanoseconds - result.run.wholeNanoseconds)
        telling.withLock { _ in
            tell(state.withLock { $0.end(id, result, started: started, wall: wall) })
        }
        let outcome = state.withLock { $0.countOnce(result) }
        if let outcome { outcome.done.resume(returning: outcome.isGood) } else { startNext() }
    }
}
