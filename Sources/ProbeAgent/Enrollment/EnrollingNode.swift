import ProbeNative

/// A node that has no identity yet, for who asks it: it lives, is not ready, and ends when it is told to. Once it has its
/// identity, an `Agent` takes its place.
public final class EnrollingNode: ControlledNode {
    private struct State {
        /// Of the last attempt that failed, and the next one.
        var record = SessionRecord.State()
        var isDraining = false
    }

    private let start: NodeStatus
    private let problems: RecentProblems
    private let time: any TimeSource
    private let started: Instant
    private let state = Locked(State())

    /// - Parameters:
    ///   - facts: what is to be said of the start, beside what the configuration says.
    ///   - problems: what has been logged lately.
    public init(
        _ configuration: AgentConfiguration, facts: NodeFacts = NodeFacts(),
        problems: RecentProblems = RecentProblems(), time: any TimeSource = SystemTime()
    ) {
        self.problems = problems
        self.time = time
        started = time.now
        var facts = facts
        (facts.hostname, facts.backend) = (configuration.hostname, configuration.backend)
        var jobs = DispatchCounts()
        (jobs.maxConcurrent, jobs.queueLimit) = (configuration.maxConcurrent, configuration.queueLimit)
        start = NodeStatus(
            facts: facts, time: time.wallTime, uptime: .zero, state: .registering,
            connection: ConnectionStatus(record: SessionRecord.State(), now: started), jobs: jobs,
            outbox: .init(
                counts: OutboxCounts(), limits: configuration.outbox, isOnDisk: configuration.stateDirectory != nil),
            reactorLags: [], process: ProcessFigures(), problems: [])
    }

    /// - Parameter delay: until the next attempt.
    public func failed(_ failure: RegistrationFailure, retryIn delay: Duration) {
        let (now, wall) = (time.now, time.wallTime)
        state.withLock { state in
            state.record.lastFailure = .init(code: "other", reason: failure.description, at: wall)
            state.record.nextAttempt = now + delay
        }
    }

    public func status() -> NodeStatus {
        let state = state.withLock { $0 }
        var record = state.record
        let now = time.now
        // Then it is under way.
        if let next = record.nextAttempt, next <= now { record.nextAttempt = nil }
        var status = start
        if state.isDraining { status.state = .draining }
        (status.time, status.uptime) = (time.wallTime, now - started)
        status.connection = ConnectionStatus(record: record, now: now)
        (status.process, status.problems) = (.now(), problems.all)
        return status
    }

    public func drain(within patience: Duration) -> Bool {
        state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }
}
