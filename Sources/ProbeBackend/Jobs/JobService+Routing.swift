/// Which node does a job that several may do.
extension JobService {
    /// Binds the jobs that any node, or any that their selector matches, may do: each to the least loaded that is
    /// connected. Those for which none is stay unbound, and wait for the first that comes.
    func route(_ jobs: [NewJob]) async throws -> [NewJob] {
        var jobs = jobs
        let unbound = jobs.indices.filter { jobs[$0].anyNode && jobs[$0].node == nil }
        let named = try Set(jobs.compactMap(\.selector)).flatMap { try NodeSelector(stored: $0).nodes }
        if let unknown = try await store.unknownNodes(of: named).first { throw StoreFailure.unknownNode(unknown) }
        for (selector, indices) in Dictionary(grouping: unbound, by: { jobs[$0].selector }) {
            let nodes = NodeLoad.spread(indices.count, over: try await candidates(selector))
            await hub.assign(nodes)
            for (index, node) in zip(indices, nodes) { jobs[index].node = node }
        }
        return jobs
    }

    /// The connected nodes that a selector matches; nil matches all.
    func candidates(_ selector: String?) async throws -> [NodeLoad] {
        let loads = await hub.loads
        // Jobs for any node, by far the most, are given to this process's own nodes without asking the database.
        if selector == nil, !loads.isEmpty { return loads }
        return try await candidates(try selector.map(NodeSelector.init(stored:)) ?? NodeSelector())
    }

    /// The same, of all replicas.
    func candidates(_ selector: NodeSelector) async throws -> [NodeLoad] {
        let own = Dictionary(uniqueKeysWithValues: await hub.loads.map { ($0.node, $0) })
        return try await store.routableNodes().compactMap { node in
            guard selector.matches(node.place) else { return nil }
            if let load = own[node.place.uuid] { return load }
            guard node.replica != nil else { return nil }
            return NodeLoad(
                node: node.place.uuid, reported: node.heartbeat?.currentLoad ?? 0, jobs: 0,
                maxConcurrent: node.maxConcurrent)
        }
    }

    /// After jobs were stored: tells who watches, and wakes the nodes that have them to do.
    func wake(for jobs: [NewJob]) async throws {
        events.jobsChanged(jobs.map(\.requestID))
        let bound = Set(jobs.compactMap(\.node))
        var areSomeFree = jobs.contains { $0.node == nil }
        // A node that left meanwhile freed its jobs before these were there.
        for node in Set(jobs.filter(\.anyNode).compactMap(\.node)) where await hub.session(of: node) == nil {
            if try await store.releaseIfUnconnected(node) { areSomeFree = true }
        }
        await hub.wake(bound)
        // A node may have come while none was there to be chosen.
        if areSomeFree { await hub.wakeAll() }
    }
}

extension RawJSON {
    /// Of a heartbeat, 0 to 1.
    var currentLoad: Double? {
        (try? RawObject(bytes))?["current_load"].flatMap { Double(String(decoding: $0.bytes, as: UTF8.self)) }
    }
}
