import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Keeps this process among the replicas of one database, and does what others' news ask of it. With SQLite there are
/// no others, and nothing to do after joining.
struct ReplicaService: Service {
    private static let beatInterval = Duration.seconds(2)
    /// Looks at another's beat, this many seconds apart each, that find it unmoved: then it is dead.
    private static let patience = 5

    let store: SQLStore
    let hub: NodeHub
    let waiters: JobWaiters
    let progress: JobProgress
    let events: EventHub
    let clock: BackendClock
    let logger: Logger
    /// Others have told something since the last beat.
    private let hasHeard = NIOLockedValueBox(false)

    init(of jobs: JobService) {
        (store, hub, waiters, progress) = (jobs.store, jobs.hub, jobs.waiters, jobs.progress)
        (events, clock, logger) = (jobs.events, jobs.clock, jobs.logger)
    }

    func run() async throws {
        guard store.isShared else { return try await gracefulShutdown() }
        let (news, deliver) = AsyncStream<StoreNews>.makeStream(bufferingPolicy: .bufferingNewest(16))
        store.engine.listen { [hasHeard] news in
            hasHeard.withLockedValue { $0 = true }
            deliver.yield(news)
        }
        await withTaskGroup(of: Void.self) { group in
            // A cancelled sleep is how they end, not a failure.
            group.addTask { try? await cancelWhenGracefulShutdown { try await beat(deliver) } }
            group.addTask { await cancelWhenGracefulShutdown { for await each in news { await heed(each) } } }
        }
        do {
            try await store.bury(store.replica)
        } catch {
            logger.warning("left without a word to the other replicas", metadata: ["error": "\(error)"])
        }
    }

    private func beat(_ deliver: AsyncStream<StoreNews>.Continuation) async throws {
        var seen: [String: (beat: Int64, looks: Int)] = [:]
        while true {
            try await clock.sleep(Self.beatInterval)
            do {
                if try await !store.beat() { try await joinAgain() }
                let beats = try await store.beats()
                seen = seen.filter { beats[$0.key] != nil }
                for (replica, beat) in beats where replica != store.replica {
                    let looks = seen[replica].map { $0.beat == beat ? $0.looks + 1 : 0 } ?? 0
                    seen[replica] = (beat, looks)
                    guard looks >= Self.patience else { continue }
                    logger.notice("another replica is dead", metadata: ["replica": "\(replica)"])
                    try await store.bury(replica, lastBeat: beat)
                }
                // The net under lost notifications.
                deliver.yield(.all)
                // What others do is not told job by job: whoever watches here loads anew, at most once a beat.
                let hasHeard = hasHeard.withLockedValue { heard in
                    defer { heard = false }
                    return heard
                }
                if hasHeard { events.reset() }
            } catch {
                logger.warning("no beat", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Others took this replica for dead while it slept. Its nodes are still connected to it, unless they went.
    private func joinAgain() async throws {
        logger.notice("other replicas took this one for dead")
        try await store.join(at: clock.now)
        for session in await hub.all {
            try await store.keepConnection(of: session.node, epoch: session.epoch, connectionID: session.connectionID)
        }
    }

    private func heed(_ news: StoreNews) async {
        do {
            if news.contains(.nodes) { await hub.displace(older: try await store.epochsElsewhere()) }
            if news.contains(.queued), await !hub.all.isEmpty {
                let (bound, areSomeFree) = try await store.nodesWithQueuedJobs()
                if areSomeFree { await hub.wakeAll() } else { await hub.wake(bound) }
            }
            if news.contains(.ended) {
                let jobs = try await store.takeEndedElsewhere()
                await hub.ended(jobs)
                progress.forget(jobs.map(\.requestID))
            }
            if news.contains(.finished) {
                let awaited = waiters.awaited
                if !awaited.isEmpty { waiters.finished(try await store.finished(of: awaited)) }
            }
        } catch {
            logger.warning("others' news are not known", metadata: ["error": "\(error)"])
        }
    }
}
