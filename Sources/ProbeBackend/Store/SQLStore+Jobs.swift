extension SQLStore {
    /// All or none. Throws `StoreFailure.duplicateRequestID` or `.unknownNode`.
    public func insert(_ jobs: [NewJob]) async throws {
        try await write { connection in try Self.insert(jobs, on: connection) }
    }

    /// For writes of more than jobs, such as a measurement with its jobs.
    static func insert(_ jobs: [NewJob], on connection: any SQLConnection) throws {
        for node in Set(jobs.compactMap(\.node)) {
            let found = try connection.execute(
                "SELECT 1 AS found FROM nodes WHERE node_uuid = $1 AND deleted_at IS NULL", node)
            guard !found.isEmpty else { throw StoreFailure.unknownNode(node) }
        }
        for job in jobs {
            let inserted = try connection.execute(
                """
                INSERT INTO jobs (request_id, node_uuid, any_node, tool, target, parameters, priority, timeout,
                    progress, state, created_at, expires_at, measurement_id, schedule_id, selector, bytes)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13, $14, $15)
                ON CONFLICT (request_id) DO NOTHING RETURNING seq
                """, job.requestID, job.node, job.anyNode, job.tool, job.target, job.parameters, job.priority,
                job.timeout, job.wantsProgress, job.createdAt, job.expiresAt, job.measurementID, job.scheduleID,
                job.selector, JobRecord.overhead + job.parameters.bytes.count)
            guard !inserted.isEmpty else { throw StoreFailure.duplicateRequestID(job.requestID) }
        }
        connection.announce(.queued)
    }

    /// In the order of the ids; unknown ids are left out.
    public func jobs(_ requestIDs: [String]) async throws -> [JobRecord] {
        try await read { connection in
            try requestIDs.compactMap { id in
                try connection.execute("SELECT \(JobRecord.columns) WHERE request_id = $1", id)
                    .first.map(JobRecord.init)
            }
        }
    }
}

extension JobRecord {
    /// What retention counts a job as, beside its parameters and its result: its row and its places in indexes.
    static let overhead = 512

    /// What `init(_: SQLRow)` needs, and where from: `SELECT \(JobRecord.columns) WHERE ...`.
    static let columns = """
        jobs.*, results.body, nodes.name AS node_name
        FROM jobs LEFT JOIN results ON results.seq = jobs.seq LEFT JOIN nodes ON nodes.node_uuid = jobs.node_uuid
        """

    init(_ row: SQLRow) throws {
        try self.init(row, result: row["body"], nodeName: row["node_name"])
    }

    /// From a row of `jobs` alone.
    init(_ row: SQLRow, result: RawJSON?, nodeName: String?) throws {
        job = NewJob(
            requestID: try row["request_id"], node: try row["node_uuid"], anyNode: try row["any_node"],
            tool: try row["tool"], target: try row["target"], parameters: try row["parameters"],
            priority: try row["priority"], timeout: try row["timeout"], wantsProgress: try row["progress"],
            createdAt: try row["created_at"], expiresAt: try row["expires_at"],
            measurementID: try row["measurement_id"], scheduleID: try row["schedule_id"],
            selector: try row["selector"], checkID: try row["check_id"])
        sequence = try row["seq"]
        state = try row["state"]
        sentAt = try row["sent_at"]
        finishedAt = try row["finished_at"]
        sends = try row["sends"]
        success = try row["success"]
        executionTime = try row["execution_time"]
        errorCode = try row["error_code"]
        self.nodeName = nodeName
        self.result = result
    }
}
