/// Which jobs are listed; nil asks for nothing.
struct JobFilter: Sendable {
    var state: JobState?
    var tool: String?
    var node: String?
    /// A part of it, in either case.
    var target: String?
    /// Whether the node measured and the target did well; of finished jobs only.
    var succeeded: Bool?
    var measurement: String?
    var schedule: String?
    /// Results of the nodes' own checks of that id.
    var check: String?
    /// By `created_at`, inclusive.
    var since: Instant?
    /// By `created_at`, exclusive.
    var until: Instant?

    fileprivate func add(to clauses: inout SQLClauses) {
        if let state { clauses.add("jobs.state = ?", state) }
        if let tool { clauses.add("jobs.tool = ?", tool) }
        if let node { clauses.add("jobs.node_uuid = ?", node) }
        if let target { clauses.add("lower(jobs.target) LIKE ? ESCAPE '!'", target.likePattern) }
        switch succeeded {
        case true?: clauses.add("jobs.state = 'done' AND jobs.error_code IS NULL")
        case false?:
            clauses.add(
                "jobs.state NOT IN ('queued', 'sent') AND NOT (jobs.state = 'done' AND jobs.error_code IS NULL)")
        case nil: break
        }
        if let measurement { clauses.add("jobs.measurement_id = ?", measurement) }
        if let schedule { clauses.add("jobs.schedule_id = ?", schedule) }
        if let check { clauses.add("jobs.check_id = ?", check) }
        if let since { clauses.add("jobs.created_at >= ?", since) }
        if let until { clauses.add("jobs.created_at < ?", until) }
    }
}

extension SQLStore {
    /// Newest first, from behind `sequence` on.
    func jobs(
        _ filter: JobFilter, before sequence: Int64?, limit: Int, withResults: Bool
    ) async throws -> [JobRecord] {
        var clauses = SQLClauses(after: limit)
        if let sequence { clauses.add("jobs.seq < ?", sequence) }
        filter.add(to: &clauses)
        let columns = withResults ? JobRecord.columns : JobRecord.columnsWithoutResult
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT \(columns) \(clauses.condition) ORDER BY jobs.seq DESC LIMIT $1", clauses.values
            ).map(JobRecord.init)
        }
    }

    /// Finished jobs that have a result, oldest first, from behind `sequence` on.
    func answeredJobs(_ filter: JobFilter, after sequence: Int64, limit: Int) async throws -> [JobRecord] {
        var clauses = SQLClauses(after: limit, sequence)
        clauses.add("jobs.seq > $2")
        clauses.add("jobs.state NOT IN ('queued', 'sent') AND results.body IS NOT NULL")
        filter.add(to: &clauses)
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT \(JobRecord.columns) \(clauses.condition) ORDER BY jobs.seq LIMIT $1", clauses.values
            ).map(JobRecord.init)
        }
    }
}

extension JobRecord {
    fileprivate static let columnsWithoutResult = """
        jobs.*, NULL AS body, nodes.name AS node_name
        FROM jobs LEFT JOIN nodes ON nodes.node_uuid = jobs.node_uuid
        """
}
