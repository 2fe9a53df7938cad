extension SQLStore {
    /// Takes queued jobs for a connection, most urgent first: the node's own, then those for any node. They are
    /// `sent` from now on. Throws `StoreFailure.fenced`.
    public func claim(for node: String, epoch: Int64, limit: Int, at now: Instant) async throws -> [JobRecord] {
        try await write { connection in
            let place = try Self.requireCurrent(epoch, of: node, on: connection)
            let own = try Self.send(
                """
                SELECT seq FROM jobs WHERE node_uuid = $1 AND state = 'queued' AND expires_at > $2
                ORDER BY priority DESC, seq LIMIT $3\(connection.dialect.skipLocked)
                """, [node.sqlValue, now.sqlValue, limit.sqlValue], on: connection)
            return own + (try Self.claimFree(for: place, limit: limit - own.count, at: now, on: connection))
        }
    }

    /// The node's sent and unanswered jobs after `sequence`, in order of arrival, each counted as sent once more.
    /// Throws `StoreFailure.fenced`.
    public func unanswered(
        of node: String, epoch: Int64, after sequence: Int64, limit: Int, at now: Instant
    ) async throws -> [JobRecord] {
        try await write { connection in
            try Self.requireCurrent(epoch, of: node, on: connection)
            let jobs = try Self.send(
                """
                SELECT seq FROM jobs WHERE node_uuid = $1 AND state = 'sent' AND expires_at > $2 AND seq > $4
                ORDER BY seq LIMIT $3
                """, [node.sqlValue, now.sqlValue, limit.sqlValue, sequence.sqlValue], on: connection)
            return jobs.sorted { $0.sequence < $1.sequence }
        }
    }

    /// Any-node jobs bound to that node and not yet sent are free for others again. True when there were any.
    @discardableResult
    static func release(_ node: String, on connection: any SQLConnection) throws -> Bool {
        let freed = try connection.execute(
            """
            UPDATE jobs SET node_uuid = NULL WHERE state = 'queued' AND any_node = 1 AND node_uuid = $1
            RETURNING seq
            """, node)
        if !freed.isEmpty { connection.announce(.queued) }
        return !freed.isEmpty
    }

    /// Until this commits no newer connection of the node can begin, so that its first look at what is unanswered
    /// shows all that older ones took.
    @discardableResult
    private static func requireCurrent(
        _ epoch: Int64, of node: String, on connection: any SQLConnection
    ) throws -> NodePlace {
        let row = try connection.execute(
            """
            SELECT node_uuid, epoch, region, zone, tags FROM nodes WHERE node_uuid = $1\(connection.dialect.forShare)
            """, node
        ).first
        guard let row, try row["epoch"] == epoch else { throw StoreFailure.fenced }
        return try NodePlace(row)
    }

    /// Marks as sent what `choice` finds, by placeholders $1 for the node, $2 for now and its own from $3 on.
    static func send(
        _ choice: String, _ values: [SQLValue], on connection: any SQLConnection
    ) throws -> [JobRecord] {
        // Materialized, for PostgreSQL may otherwise run the choice again for each row and send more than the limit.
        try connection.execute(
            """
            WITH chosen AS MATERIALIZED (\(choice))
            UPDATE jobs SET state = 'sent', node_uuid = $1, sent_at = $2, sends = sends + 1
            WHERE seq IN (SELECT seq FROM chosen) RETURNING *
            """, values
        ).map { try JobRecord($0, result: nil, nodeName: nil) }.sorted {
            ($1.job.priority, $0.sequence) < ($0.job.priority, $1.sequence)
        }
    }
}
