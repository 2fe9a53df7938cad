extension SQLStore {
    /// Both or neither. Throws `StoreFailure.unknownNode`.
    func insert(_ measurement: MeasurementRecord, _ jobs: [NewJob]) async throws {
        try await write { connection in try Self.insert(measurement, jobs, on: connection) }
    }

    static func insert(_ measurement: MeasurementRecord, _ jobs: [NewJob], on connection: any SQLConnection) throws {
        try connection.execute(
            """
            INSERT INTO measurements (measurement_id, schedule_id, tool, target, parameters, timeout, priority,
                progress, selector, node_count, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """, measurement.id, measurement.scheduleID, measurement.tool, measurement.target, measurement.parameters,
            measurement.timeout, measurement.priority, measurement.wantsProgress, measurement.selector,
            measurement.nodeCount, measurement.createdAt, measurement.expiresAt)
        try insert(jobs, on: connection)
    }

    func measurement(_ id: String) async throws -> MeasurementRecord? {
        try await read { connection in
            try connection.execute("SELECT * FROM measurements WHERE measurement_id = $1", id)
                .first.map(MeasurementRecord.init)
        }
    }

    /// Newest first, from behind `sequence` on.
    func measurements(
        of schedule: String?, before sequence: Int64?, limit: Int
    ) async throws -> [(sequence: Int64, record: MeasurementRecord)] {
        var clauses = SQLClauses(after: limit)
        if let schedule { clauses.add("schedule_id = ?", schedule) }
        if let sequence { clauses.add("seq < ?", sequence) }
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT * FROM measurements \(clauses.condition) ORDER BY seq DESC LIMIT $1", clauses.values
            ).map { (try $0["seq"], try MeasurementRecord($0)) }
        }
    }

    /// With results, in the order in which they were made.
    func jobs(ofMeasurement id: String) async throws -> [JobRecord] {
        try await read { connection in
            try connection.execute("SELECT \(JobRecord.columns) WHERE measurement_id = $1 ORDER BY jobs.seq", id)
                .map(JobRecord.init)
        }
    }

    /// Nil: there is no such measurement.
    func jobIDs(ofMeasurement id: String) async throws -> [String]? {
        try await read { connection in
            let found = try connection.execute("SELECT 1 AS found FROM measurements WHERE measurement_id = $1", id)
            guard !found.isEmpty else { return nil }
            return try connection.execute("SELECT request_id FROM jobs WHERE measurement_id = $1", id)
                .map { try $0["request_id"] }
        }
    }

    /// How many jobs of each measurement are in which state.
    func jobCounts(ofMeasurements ids: [String]) async throws -> [String: [JobState: Int]] {
        try await read { connection in
            var counts: [String: [JobState: Int]] = [:]
            for id in ids {
                let rows = try connection.execute(
                    "SELECT state, count(*) AS number FROM jobs WHERE measurement_id = $1 GROUP BY state", id)
                for row in rows { counts[id, default: [:]][try row["state"]] = try row["number"] }
            }
            return counts
        }
    }

    /// Cancels what is open of it. Nil: there is no such measurement.
    func cancel(measurement id: String, at now: Instant) async throws -> [EndedJob]? {
        try await write { connection in
            let found = try connection.execute("SELECT 1 AS found FROM measurements WHERE measurement_id = $1", id)
            guard !found.isEmpty else { return nil }
            let open = try connection.execute(
                "SELECT seq FROM jobs WHERE measurement_id = $1 AND state IN ('queued', 'sent') ORDER BY seq", id)
            return try open.compactMap { try end(try $0["seq"], as: .cancelled, at: now, on: connection) }
        }
    }
}

extension MeasurementRecord {
    /// From a row of `measurements`.
    init(_ row: SQLRow) throws {
        id = try row["measurement_id"]
        scheduleID = try row["schedule_id"]
        tool = try row["tool"]
        target = try row["target"]
        parameters = try row["parameters"]
        timeout = try row["timeout"]
        priority = try row["priority"]
        wantsProgress = try row["progress"]
        selector = try row["selector"]
        nodeCount = try row["node_count"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
    }
}
