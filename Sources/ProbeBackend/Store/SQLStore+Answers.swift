extension SQLStore {
    /// One outcome for each answer, in order. Idempotent by request id, whichever connection it came by.
    public func record(_ answers: [Answer], from node: String, at now: Instant) async throws -> [AnswerOutcome] {
        try await write { connection in
            let outcomes = try answers.map { try Self.record($0, from: node, at: now, on: connection) }
            if outcomes.contains(.finished) { connection.announce(.finished) }
            return outcomes
        }
    }

    private static func record(
        _ answer: Answer, from node: String, at now: Instant, on connection: any SQLConnection
    ) throws -> AnswerOutcome {
        let found = try connection.execute(
            "SELECT seq, state FROM jobs WHERE request_id = $1 AND node_uuid = $2 AND sends > 0", answer.requestID, node
        )
        guard let job = found.first else {
            guard let check = answer.check else { return .unknown }
            return try keep(answer, of: check, node, at: now, on: connection)
        }
        let sequence: Int64 = try job["seq"]
        let kept = try connection.execute(
            """
            INSERT INTO results (seq, received_at, body) VALUES ($1, $2, $3)
            ON CONFLICT (seq) DO NOTHING RETURNING seq
            """, sequence, now, answer.result)
        guard !kept.isEmpty else { return .duplicate }
        // The state that is there now: another replica may have cancelled it since it was found.
        let updated = try connection.execute(
            """
            UPDATE jobs SET success = $1, execution_time = $2, error_code = $3, bytes = bytes + $4,
                state = CASE WHEN state = 'sent' THEN $5 ELSE state END, finished_at = coalesce(finished_at, $6)
            WHERE seq = $7 RETURNING state
            """, answer.success, answer.executionTime, answer.errorCode, answer.result.bytes.count,
            answer.success ? JobState.done : .failed, now, sequence)
        let state: JobState? = try updated.first.map { try $0["state"] }
        return state == .done || state == .failed ? .finished : .late
    }

    /// A result that nobody asked for: its job is made with it, as one that was sent and is done.
    private static func keep(
        _ answer: Answer, of check: Answer.Check, _ node: String, at now: Instant, on connection: any SQLConnection
    ) throws -> AnswerOutcome {
        let parameters = RawJSON(checked: Array("{}".utf8))
        let inserted = try connection.execute(
            """
            INSERT INTO jobs (request_id, node_uuid, any_node, tool, target, parameters, priority, progress, state,
                created_at, expires_at, sent_at, finished_at, sends, success, execution_time, error_code, bytes, check_id)
            VALUES ($1, $2, 0, $3, $4, $5, 0, 0, $6, $7, $7, $7, $7, 1, $8, $9, $10, $11, $12)
            ON CONFLICT (request_id) DO NOTHING RETURNING seq
            """, answer.requestID, node, check.tool, check.target, parameters,
            answer.success ? JobState.done : .failed, now, answer.success, answer.executionTime, answer.errorCode,
            JobRecord.overhead + answer.result.bytes.count, check.id)
        // Another node's job has that name.
        guard let job = inserted.first else { return .unknown }
        let sequence: Int64 = try job["seq"]
        try connection.execute(
            "INSERT INTO results (seq, received_at, body) VALUES ($1, $2, $3)", sequence, now, answer.result)
        return .finished
    }

    public func cancel(_ requestID: String, at now: Instant) async throws -> CancelOutcome {
        try await write { connection in
            let found = try connection.execute("SELECT seq FROM jobs WHERE request_id = $1", requestID)
            guard let job = found.first else { return .notFound }
            guard let ended = try end(try job["seq"], as: .cancelled, at: now, on: connection) else {
                return .alreadyFinished
            }
            return .cancelled(ended)
        }
    }

    /// Ends at most `limit` jobs whose time is over.
    public func expire(at now: Instant, limit: Int) async throws -> [EndedJob] {
        // A read first: most of the time nothing has expired, and an empty write would still take its turn.
        let due: [Int64] = try await read { connection in
            try connection.execute(
                """
                SELECT seq FROM jobs WHERE state IN ('queued', 'sent') AND expires_at <= $1
                ORDER BY expires_at LIMIT $2
                """, now, limit
            ).map { try $0["seq"] }
        }
        guard !due.isEmpty else { return [] }
        return try await write { connection in
            try due.compactMap { try end($0, as: .expired, at: now, on: connection) }
        }
    }

    /// Ends a job without an answer. Nil when it is finished already.
    func end(
        _ sequence: Int64, as state: JobState, errorCode: String? = nil, at now: Instant,
        on connection: any SQLConnection
    ) throws -> EndedJob? {
        let ended = try connection.execute(
            """
            UPDATE jobs SET state = $1, error_code = $2, finished_at = $3, cancel_due = CASE WHEN state = 'sent'
                AND node_uuid IN (SELECT node_uuid FROM nodes WHERE replica <> $5) THEN 1 ELSE 0 END
            WHERE seq = $4 AND state IN ('queued', 'sent')
            RETURNING request_id, node_uuid, sends
            """, state, errorCode, now, sequence, replica)
        guard let row = ended.first else { return nil }
        let sends: Int = try row["sends"]
        connection.announce(sends > 0 ? [.ended, .finished] : .finished)
        return EndedJob(requestID: try row["request_id"], holder: sends > 0 ? try row["node_uuid"] : nil)
    }
}
