import Logging
import ServiceLifecycle

/// How long finished jobs are kept.
public struct RetentionLimits: Sendable {
    public var days = 30.0
    /// What all finished jobs may count together: parameters, results and 512 bytes each. Indexes and room that the
    /// database keeps for itself come on top.
    public var bytes: Int64 = 10 << 30

    public init() {}
}

/// Forgets jobs that are finished for too long, and the oldest of too many. In small batches with pauses, so that
/// results that come meanwhile wait for none of it.
struct RetentionService: Service {
    static let interval = Duration.seconds(60)
    private static let batch = 200
    private static let pause = Duration.milliseconds(50)

    let store: SQLStore
    let limits: RetentionLimits
    let clock: BackendClock
    let logger: Logger

    func run() async {
        // A cancelled sleep is how it ends, not a failure.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await clock.sleep(Self.interval)
                try await forget()
            }
        }
    }

    /// - Throws: `CancellationError` only; what the database refuses is tried again next time.
    private func forget() async throws {
        do {
            let now = clock.now
            let oldest = now.adding(seconds: -86_400 * limits.days)
            try await forgetJobs(finishedBefore: oldest)
            if let moment = try await store.finishedBeyond(bytes: limits.bytes) {
                // That one too.
                try await forgetJobs(finishedBefore: Instant(milliseconds: moment.milliseconds + 1))
            }
            try await store.forgetLeftovers(before: oldest, now: now)
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.error("old jobs are not forgotten", metadata: ["error": "\(error)"])
        }
    }

    private func forgetJobs(finishedBefore moment: Instant) async throws {
        while try await store.forgetJobs(finishedBefore: moment, limit: Self.batch) == Self.batch {
            try await clock.sleep(Self.pause)
        }
    }
}
