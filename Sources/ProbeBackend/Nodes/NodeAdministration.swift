/// What an operator does with nodes: in the store first, then with the connection.
struct NodeAdministration: Sendable {
    let jobs: JobService

    private var store: SQLStore { jobs.store }

    /// Nil: there is no such node.
    func change(_ uuid: String, _ change: NodeChange) async throws -> NodeRecord? {
        guard let record = try await store.change(uuid, change) else { return nil }
        if change.isDisabled == true { await disconnect(uuid, .disabled) }
        // With another region or other tags it may do what waits.
        await jobs.hub.wake([uuid])
        jobs.events.nodeChanged(uuid)
        return record
    }

    /// False: there is no such node.
    func delete(_ uuid: String) async throws -> Bool {
        guard let ended = try await store.deleteNode(uuid, at: jobs.clock.now) else { return false }
        await jobs.ended(ended, as: .failed)
        await disconnect(uuid, .deleted)
        jobs.events.nodeChanged(uuid)
        return true
    }

    private func disconnect(_ uuid: String, _ reason: NodeGateway.Refusal) async {
        await jobs.hub.expel(uuid, reason.rawValue)
        // What it was not sent yet and others may do.
        await jobs.hub.wakeAll()
    }
}
