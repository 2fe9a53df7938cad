/// Forgetting what is finished, oldest first.
extension SQLStore {
    /// Forgets at most `limit` jobs that were finished before that moment, with their results; a measurement goes with
    /// the last of its jobs.
    ///
    /// - Returns: how many.
    func forgetJobs(finishedBefore moment: Instant, limit: Int) async throws -> Int {
        try await write { connection in
            let old = try connection.execute(
                """
                SELECT seq, measurement_id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1
                ORDER BY finished_at LIMIT $2\(connection.dialect.skipLocked)
                """, moment, limit)
            for row in old {
                let sequence: Int64 = try row["seq"]
                try connection.execute("DELETE FROM results WHERE seq = $1", sequence)
                try connection.execute("DELETE FROM jobs WHERE seq = $1", sequence)
            }
            for measurement in Set(try old.compactMap { try $0["measurement_id"] as String? }) {
                try connection.execute(
                    """
                    DELETE FROM measurements WHERE measurement_id = $1
                        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.measurement_id = $1)
                    """, measurement)
            }
            return old.count
        }
    }

    /// When the oldest of the newest finished jobs was finished that together count `bytes`. Nil: all are fewer.
    ///
    /// A job counts its parameters, its result and 512 bytes more.
    func finishedBeyond(bytes: Int64) async throws -> Instant? {
        try await read { connection in
            let all = try connection.execute(
                "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) AS total FROM jobs WHERE finished_at IS NOT NULL")
            guard let total: Int64 = try all.first?["total"], total > bytes else { return nil }
            // From the oldest on, as few as must go: the usual case is a little too much.
            let found = try connection.execute(
                """
                SELECT finished_at FROM (
                    SELECT finished_at, sum(bytes) OVER (ORDER BY finished_at, bytes ROWS UNBOUNDED PRECEDING) AS running
                    FROM jobs WHERE finished_at IS NOT NULL
                ) AS jobs WHERE running >= $1 ORDER BY finished_at LIMIT 1
                """, total - bytes)
            return try found.first?["finished_at"]
        }
    }

    /// Forgets measurements made before that moment of which no job is left, and sessions that are over.
    func forgetLeftovers(before moment: Instant, now: Instant) async throws {
        try await write { connection in
            try connection.execute("DELETE FROM sessions WHERE expires_at <= $1", now)
            try connection.execute(
                """
                DELETE FROM measurements WHERE created_at < $1 AND NOT EXISTS
                    (SELECT 1 FROM jobs WHERE jobs.measurement_id = measurements.measurement_id)
                """, moment)
        }
    }
}
