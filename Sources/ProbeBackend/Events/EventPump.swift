import Logging
import ServiceLifecycle

/// Reads what has changed and tells the watchers.
struct EventPump: Service {
    private static let batch = 200

    let store: SQLStore
    let events: EventHub
    let hub: NodeHub
    let progress: JobProgress
    let logger: Logger

    /// Until graceful shutdown.
    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in events.changed { await tell(events.takeChanges()) }
        }
    }

    private func tell(_ changes: EventHub.Changes) async {
        do {
            let watchers = events.watchers
            try await tell(ofNodes: changes.nodes, watchers.filter { $0.wants(.nodes) })
            var jobs = changes.jobs.filter { id in watchers.contains { $0.wants(.jobs, of: id) } }.sorted()[...]
            while !jobs.isEmpty {
                try await tell(ofJobs: Array(jobs.prefix(Self.batch)), watchers)
                jobs = jobs.dropFirst(Self.batch)
            }
        } catch {
            logger.warning("changes cannot be read for those who watch", metadata: ["error": "\(error)"])
            events.reset()
        }
    }

    private func tell(ofNodes uuids: Set<String>, _ watchers: [EventWatcher]) async throws {
        guard !watchers.isEmpty else { return }
        for uuid in uuids {
            guard let record = try await store.node(uuid) else {
                // Deleted: there is nothing to show of it.
                watchers.forEach { $0.reset() }
                continue
            }
            let event = ServerEvent.node(try NodeView.text(record, await hub.session(of: uuid)))
            for watcher in watchers { watcher.tell(event) }
        }
    }

    private func tell(ofJobs requestIDs: [String], _ watchers: [EventWatcher]) async throws {
        for record in try await store.jobs(requestIDs).sorted(by: { $0.sequence < $1.sequence }) {
            let id = record.job.requestID
            let event = ServerEvent.job(try JobView.text(record, progress: progress.newest(of: id)))
            for watcher in watchers where watcher.wants(.jobs, of: id) { watcher.tell(event) }
        }
    }
}
