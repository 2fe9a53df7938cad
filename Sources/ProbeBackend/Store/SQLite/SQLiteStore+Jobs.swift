import FoundationEssentials
import GRDB

extension SQLiteStore {
    public func insert(_ jobs: [NewJob]) async throws {
        try await commits.write { database in
            for job in jobs { try Self.insert(job, into: database) }
        }
    }

    private static func insert(_ job: NewJob, into database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO jobs (request_id, node_uuid, any_node, tool, target, parameters, priority, timeout,
                    progress, state, created_at, expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)
                """)
        do {
            try statement.execute(arguments: [
                job.requestID, job.node, job.anyNode, job.tool, job.target, job.parameters.stored, job.priority,
                job.timeout, job.wantsProgress, job.createdAt.milliseconds, job.expiresAt.milliseconds,
            ])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreFailure.duplicateRequestID(job.requestID)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY {
            throw StoreFailure.unknownNode(job.node ?? "")
        }
    }

    public func jobs(_ requestIDs: [String]) async throws -> [JobRecord] {
        try await pool.read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT jobs.*, results.body FROM jobs LEFT JOIN results USING (seq) WHERE request_id = ?")
            return try requestIDs.compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Self.job) }
        }
    }

    public func claim(for node: String, epoch: Int64, limit: Int, at now: Instant) async throws -> [JobRecord] {
        try await commits.write { database in
            try Self.requireCurrent(epoch, of: node, in: database)
            let own = try database.cachedStatement(
                sql: """
                    SELECT *, NULL AS body FROM jobs
                    WHERE node_uuid = ? AND state = 'queued' AND expires_at > ?
                    ORDER BY priority DESC, seq LIMIT ?
                    """)
            var rows = try Row.fetchAll(own, arguments: [node, now.milliseconds, limit])
            if rows.count < limit {
                let free = try database.cachedStatement(
                    sql: """
                        SELECT *, NULL AS body FROM jobs
                        WHERE node_uuid IS NULL AND state = 'queued' AND expires_at > ?
                        ORDER BY priority DESC, seq LIMIT ?
                        """)
                rows += try Row.fetchAll(free, arguments: [now.milliseconds, limit - rows.count])
            }
            return try Self.markSent(rows.map(Self.job), to: node, at: now, in: database)
        }
    }

    public func unanswered(
        of node: String, epoch: Int64, after sequence: Int64, limit: Int, at now: Instant
    ) async throws -> [JobRecord] {
        try await commits.write { database in
            try Self.requireCurrent(epoch, of: node, in: database)
            let statement = try database.cachedStatement(
                sql: """
                    SELECT *, NULL AS body FROM jobs
                    WHERE node_uuid = ? AND state = 'sent' AND expires_at > ? AND seq > ? ORDER BY seq LIMIT ?
                    """)
            let rows = try Row.fetchAll(statement, arguments: [node, now.milliseconds, sequence, limit])
            return try Self.markSent(rows.map(Self.job), to: node, at: now, in: database)
        }
    }

    public func release(_ node: String?) async throws -> Bool {
        try await commits.write { database in
            let sql = "UPDATE jobs SET node_uuid = NULL WHERE state = 'queued' AND any_node = 1"
            if let node {
                try database.execute(sql: sql + " AND node_uuid = ?", arguments: [node])
            } else {
                try database.execute(sql: sql + " AND node_uuid IS NOT NULL")
            }
            return database.changesCount > 0
        }
    }

    private static func requireCurrent(_ epoch: Int64, of node: String, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "SELECT epoch FROM nodes WHERE node_uuid = ?")
        guard try Int64.fetchOne(statement, arguments: [node]) == epoch else { throw StoreFailure.fenced }
    }

    private static func markSent(
        _ jobs: [JobRecord], to node: String, at now: Instant, in database: Database
    ) throws -> [JobRecord] {
        let statement = try database.cachedStatement(
            sql: "UPDATE jobs SET state = 'sent', node_uuid = ?, sent_at = ?, sends = sends + 1 WHERE seq = ?")
        return try jobs.map { job in
            try statement.execute(arguments: [node, now.milliseconds, job.sequence])
            var job = job
            job.state = .sent
            job.job.node = node
            job.sentAt = now
            job.sends += 1
            return job
        }
    }

    private static func job(_ row: Row) -> JobRecord {
        JobRecord(
            job: NewJob(
                requestID: row["request_id"],
                node: row["node_uuid"],
                anyNode: row["any_node"],
                tool: row["tool"],
                target: row["target"],
                parameters: RawJSON(stored: row["parameters"]) ?? .emptyObject,
                priority: row["priority"],
                timeout: row["timeout"],
                wantsProgress: row["progress"],
                createdAt: Instant(milliseconds: row["created_at"]),
                expiresAt: Instant(milliseconds: row["expires_at"])),
            sequence: row["seq"],
            state: JobState(rawValue: row["state"]) ?? .failed,
            sentAt: Instant(stored: row["sent_at"]),
            finishedAt: Instant(stored: row["finished_at"]),
            sends: row["sends"],
            success: row["success"],
            executionTime: row["execution_time"],
            result: RawJSON(stored: row["body"]))
    }
}
