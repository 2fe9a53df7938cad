extension SQLStore {
    func insert(_ schedule: ScheduleRecord) async throws {
        try await write { connection in
            try connection.execute(
                """
                INSERT INTO schedules (schedule_id, name, tool, targets, parameters, timeout, priority, every, cron,
                    selector, node_count, enabled, created_at, next_run_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                """, schedule.id, schedule.name, schedule.tool, schedule.targets, schedule.parameters,
                schedule.timeout, schedule.priority, schedule.every, schedule.cron, schedule.selector,
                schedule.nodeCount, schedule.isEnabled, schedule.createdAt, schedule.nextRunAt)
        }
    }

    /// All but what its runs have left. False: there is no such schedule.
    func update(_ schedule: ScheduleRecord) async throws -> Bool {
        try await write { connection in
            try !connection.execute(
                """
                UPDATE schedules SET name = $2, tool = $3, targets = $4, parameters = $5, timeout = $6, priority = $7,
                    every = $8, cron = $9, selector = $10, node_count = $11, enabled = $12, next_run_at = $13
                WHERE schedule_id = $1 RETURNING schedule_id
                """, schedule.id, schedule.name, schedule.tool, schedule.targets, schedule.parameters,
                schedule.timeout, schedule.priority, schedule.every, schedule.cron, schedule.selector,
                schedule.nodeCount, schedule.isEnabled, schedule.nextRunAt
            ).isEmpty
        }
    }

    /// False: there is no such schedule.
    func deleteSchedule(_ id: String) async throws -> Bool {
        try await write { connection in
            try !connection.execute("DELETE FROM schedules WHERE schedule_id = $1 RETURNING schedule_id", id).isEmpty
        }
    }

    func schedule(_ id: String) async throws -> ScheduleRecord? {
        try await read { connection in
            try connection.execute("SELECT * FROM schedules WHERE schedule_id = $1", id).first.map(ScheduleRecord.init)
        }
    }

    /// By name, from behind `after` on.
    func schedules(after: (name: String, id: String)?, limit: Int) async throws -> [ScheduleRecord] {
        var clauses = SQLClauses(after: limit)
        if let after { clauses.add("(name, schedule_id) > (?, ?)", after.name, after.id) }
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT * FROM schedules \(clauses.condition) ORDER BY name, schedule_id LIMIT $1", clauses.values
            ).map(ScheduleRecord.init)
        }
    }

    // MARK: Ticks

    func dueSchedules(at now: Instant) async throws -> [ScheduleRecord] {
        try await read { connection in
            try connection.execute(
                "SELECT * FROM schedules WHERE enabled = 1 AND next_run_at <= $1 ORDER BY next_run_at", now
            ).map(ScheduleRecord.init)
        }
    }

    /// Claims the tick for which the schedule was due and stores what it measures, all or nothing. False: another has
    /// claimed it, or the schedule was changed meanwhile.
    func run(
        _ schedule: ScheduleRecord, _ measurements: [(measurement: MeasurementRecord, jobs: [NewJob])],
        at now: Instant, next: Instant?
    ) async throws -> Bool {
        let ids = String(decoding: try JSONText.encode(measurements.map(\.measurement.id)), as: UTF8.self)
        return try await write { connection in
            let claimed = try connection.execute(
                """
                UPDATE schedules SET next_run_at = $1 WHERE schedule_id = $2 AND enabled = 1 AND next_run_at = $3
                RETURNING schedule_id
                """, next, schedule.id, schedule.nextRunAt)
            guard !claimed.isEmpty else { return false }
            guard !measurements.isEmpty else { return true }
            try connection.execute(
                "UPDATE schedules SET last_run_at = $1, last_measurement_ids = $2 WHERE schedule_id = $3", now, ids,
                schedule.id)
            for (measurement, jobs) in measurements { try Self.insert(measurement, jobs, on: connection) }
            return true
        }
    }
}

extension ScheduleRecord {
    /// From a row of `schedules`.
    init(_ row: SQLRow) throws {
        id = try row["schedule_id"]
        name = try row["name"]
        tool = try row["tool"]
        targets = try row["targets"]
        parameters = try row["parameters"]
        timeout = try row["timeout"]
        priority = try row["priority"]
        every = try row["every"]
        cron = try row["cron"]
        selector = try row["selector"]
        nodeCount = try row["node_count"]
        isEnabled = try row["enabled"]
        createdAt = try row["created_at"]
        nextRunAt = try row["next_run_at"]
        lastRunAt = try row["last_run_at"]
        lastMeasurementIDs = try row["last_measurement_ids"]
    }
}
