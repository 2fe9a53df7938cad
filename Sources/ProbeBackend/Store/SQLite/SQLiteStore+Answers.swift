import FoundationEssentials
import GRDB

extension SQLiteStore {
    public func record(_ answers: [Answer], from node: String, at now: Instant) async throws -> [AnswerOutcome] {
        try await commits.write { database in
            try answers.map { try Self.record($0, from: node, at: now, in: database) }
        }
    }

    private static func record(
        _ answer: Answer, from node: String, at now: Instant, in database: Database
    ) throws -> AnswerOutcome {
        let find = try database.cachedStatement(
            sql: """
                SELECT seq, state, EXISTS (SELECT 1 FROM results WHERE results.seq = jobs.seq) AS answered
                FROM jobs WHERE request_id = ? AND node_uuid = ? AND sends > 0
                """)
        guard let row = try Row.fetchOne(find, arguments: [answer.requestID, node]) else { return .unknown }
        if row["answered"] { return .duplicate }
        let sequence: Int64 = row["seq"]
        try database.cachedStatement(sql: "INSERT INTO results (seq, received_at, body) VALUES (?, ?, ?)")
            .execute(arguments: [sequence, now.milliseconds, answer.result.stored])
        let isOpen = row["state"] == JobState.sent.rawValue
        let state: JobState = answer.success ? .done : .failed
        try database.cachedStatement(
            sql: """
                UPDATE jobs SET success = ?, execution_time = ?,
                    state = CASE WHEN state = 'sent' THEN ? ELSE state END,
                    finished_at = coalesce(finished_at, ?)
                WHERE seq = ?
                """
        ).execute(arguments: [answer.success, answer.executionTime, state.rawValue, now.milliseconds, sequence])
        return isOpen ? .finished : .late
    }

    public func cancel(_ requestID: String, at now: Instant) async throws -> CancelOutcome {
        try await commits.write { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT seq, state, node_uuid FROM jobs WHERE request_id = ?", arguments: [requestID])
            guard let row else { return .notFound }
            let state = JobState(rawValue: row["state"])
            guard let state, !state.isFinal else { return .alreadyFinished }
            try database.execute(
                sql: "UPDATE jobs SET state = 'cancelled', finished_at = ? WHERE seq = ?",
                arguments: [now.milliseconds, row["seq"] as Int64])
            return .cancelled(EndedJob(requestID: requestID, holder: state == .sent ? row["node_uuid"] : nil))
        }
    }

    public func expire(at now: Instant, limit: Int) async throws -> [EndedJob] {
        // A read first: most of the time nothing has expired, and an empty write would still take its turn.
        let due = try await pool.read { database in
            try Int64.fetchAll(
                database,
                sql: """
                    SELECT seq FROM jobs WHERE state IN ('queued', 'sent') AND expires_at <= ?
                    ORDER BY expires_at LIMIT ?
                    """,
                arguments: [now.milliseconds, limit])
        }
        guard !due.isEmpty else { return [] }
        return try await commits.write { database in
            try due.compactMap { try Self.expire($0, at: now, in: database) }
        }
    }

    private static func expire(_ sequence: Int64, at now: Instant, in database: Database) throws -> EndedJob? {
        let find = try database.cachedStatement(
            sql: """
                SELECT request_id, state, node_uuid FROM jobs WHERE seq = ? AND state IN ('queued', 'sent')
                """)
        guard let row = try Row.fetchOne(find, arguments: [sequence]) else { return nil }
        try database.cachedStatement(sql: "UPDATE jobs SET state = 'expired', finished_at = ? WHERE seq = ?")
            .execute(arguments: [now.milliseconds, sequence])
        let wasSent = row["state"] == JobState.sent.rawValue
        return EndedJob(requestID: row["request_id"], holder: wasSent ? row["node_uuid"] : nil)
    }
}
