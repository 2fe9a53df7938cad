import Logging
import ServiceLifecycle

/// Takes jobs in, waits for them, cancels them, and ends those whose time is over.
struct JobService: Service {
    /// Milliseconds.
    private static let interval: Int64 = 1000
    private static let expiryBatch = 500

    let store: SQLStore
    let hub: NodeHub
    let waiters: JobWaiters
    let progress: JobProgress
    let events: EventHub
    let metrics: Metrics
    let clock: BackendClock
    let logger: Logger

    // MARK: In

    /// Stores the jobs, all or none, and wakes the nodes that have them to do; those that several nodes may do get one
    /// here, if one is connected. Returns when all are finished, or when that time is over.
    func submit(_ jobs: [NewJob], waiting seconds: Double) async throws {
        try await waiting(seconds, for: jobs.map(\.requestID)) {
            let jobs = try await route(jobs)
            try await store.insert(jobs)
            try await wake(for: jobs)
        }
    }

    /// Runs `submit`, and returns when the jobs are finished, after that many seconds, or when the backend shuts down.
    func waiting(_ seconds: Double, for requestIDs: [String], submit: () async throws -> Void) async throws {
        guard seconds > 0 else { return try await submit() }
        let wait = waiters.begin(requestIDs)
        defer { waiters.end(wait) }
        try await submit()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var open = Set(requestIDs)
                for await id in wait.finished {
                    open.remove(id)
                    if open.isEmpty { return }
                }
            }
            group.addTask { try? await clock.sleep(.seconds(seconds)) }
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            group.cancelAll()
        }
    }

    // MARK: Out without an answer

    func cancel(_ requestID: String) async throws -> CancelOutcome {
        let outcome = try await store.cancel(requestID, at: clock.now)
        if case .cancelled(let job) = outcome { await ended([job], as: .cancelled) }
        return outcome
    }

    /// Expiry and schedules, every full second since the start, until graceful shutdown.
    func run() async {
        // A cancelled sleep is how it ends, not a failure.
        try? await cancelWhenGracefulShutdown {
            let start = clock.monotonicMilliseconds()
            while true {
                // What the work takes does not add up: a schedule of one second would miss ticks.
                let elapsed = clock.monotonicMilliseconds() - start
                try await clock.sleep(.milliseconds(Self.interval - elapsed % Self.interval))
                await expire()
                await runSchedules()
            }
        }
    }

    private func expire() async {
        do {
            while true {
                let jobs = try await store.expire(at: clock.now, limit: Self.expiryBatch)
                await ended(jobs, as: .expired)
                if jobs.count < Self.expiryBatch { return }
            }
        } catch {
            logger.error("expired jobs stay open", metadata: ["error": "\(error)"])
        }
    }

    /// Tells everybody concerned that these ended without an answer.
    func ended(_ jobs: [EndedJob], as state: JobState) async {
        guard !jobs.isEmpty else { return }
        metrics.ended(state, jobs.count)
        await hub.ended(jobs)
        progress.forget(jobs.map(\.requestID))
        waiters.finished(jobs.map(\.requestID))
        events.jobsChanged(jobs.map(\.requestID))
    }
}
