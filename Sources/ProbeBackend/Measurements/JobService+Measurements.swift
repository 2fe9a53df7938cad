/// One order for many vantage points.
extension JobService {
    /// Stores a measurement with its jobs, for distinct nodes, and returns when all are finished or that time is over.
    func measure(_ measurement: MeasurementRecord, _ selector: NodeSelector, waiting seconds: Double) async throws {
        let jobs = try await jobs(of: measurement, selector)
        try await waiting(seconds, for: jobs.map(\.requestID)) {
            try await store.insert(measurement, jobs)
            try await wake(for: jobs)
        }
    }

    /// The jobs of a measurement that is about to be stored.
    ///
    /// - Throws: `Problem` `no_node` when all that are connected are meant and none is; `StoreFailure.unknownNode`.
    func jobs(of measurement: MeasurementRecord, _ selector: NodeSelector) async throws -> [NewJob] {
        if let unknown = try await store.unknownNodes(of: selector.nodes).first {
            throw StoreFailure.unknownNode(unknown)
        }
        let connected = try await candidates(selector).sorted()
        guard let count = measurement.nodeCount else {
            guard !connected.isEmpty else { throw Self.noNode }
            // These nodes and no others: if one goes away its job waits for it.
            return connected.map { job(of: measurement, for: $0.node, isBound: true) }
        }
        let chosen = connected.prefix(count).map(\.node)
        await hub.assign(chosen)
        return chosen.map { job(of: measurement, for: $0, isBound: false) }
            + (chosen.count..<count).map { _ in job(of: measurement, for: nil, isBound: false) }
    }

    private func job(of measurement: MeasurementRecord, for node: String?, isBound: Bool) -> NewJob {
        NewJob(
            requestID: RequestID.make(), node: node, anyNode: !isBound, tool: measurement.tool,
            target: measurement.target, parameters: measurement.parameters, priority: measurement.priority,
            timeout: measurement.timeout, wantsProgress: measurement.wantsProgress, createdAt: measurement.createdAt,
            expiresAt: measurement.expiresAt, measurementID: measurement.id, scheduleID: measurement.scheduleID,
            selector: measurement.selector)
    }

    /// Cancels what is open of a measurement; false when there is no such one.
    func cancel(measurement id: String) async throws -> Bool {
        guard let jobs = try await store.cancel(measurement: id, at: clock.now) else { return false }
        await ended(jobs, as: .cancelled)
        return true
    }

    static let noNode = Problem(
        status: .unprocessableContent, code: "no_node", detail: "No node that \"select\" matches is connected.")
}
