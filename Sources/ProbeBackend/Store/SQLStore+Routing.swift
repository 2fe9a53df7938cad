/// Jobs that more than one node may do.
extension SQLStore {
    /// What routing needs to know of each node that may be given jobs.
    func routableNodes() async throws -> [RoutableNode] {
        try await read { connection in
            try connection.execute(
                """
                SELECT node_uuid, region, zone, tags, max_concurrent, replica, heartbeat
                FROM nodes WHERE deleted_at IS NULL AND disabled = 0
                """
            ).map { row in
                RoutableNode(
                    place: try NodePlace(row), maxConcurrent: try row["max_concurrent"],
                    replica: try row["replica"], heartbeat: try row["heartbeat"])
            }
        }
    }

    /// Those of them that are none.
    func unknownNodes(of uuids: [String]) async throws -> [String] {
        guard !uuids.isEmpty else { return [] }
        return try await read { connection in
            try uuids.filter { uuid in
                try connection.execute(
                    "SELECT 1 AS found FROM nodes WHERE node_uuid = $1 AND deleted_at IS NULL", uuid
                ).isEmpty
            }
        }
    }

    /// As `release`, unless the node is connected to a replica.
    func releaseIfUnconnected(_ node: String) async throws -> Bool {
        try await write { connection in
            let unconnected = try connection.execute(
                "SELECT 1 AS found FROM nodes WHERE node_uuid = $1 AND replica IS NULL\(connection.dialect.forShare)",
                node)
            return try !unconnected.isEmpty && Self.release(node, on: connection)
        }
    }

    /// Sends a node jobs that are bound to none: those for any node, then those whose selector it meets.
    static func claimFree(
        for place: NodePlace, limit: Int, at now: Instant, on connection: any SQLConnection
    ) throws -> [JobRecord] {
        var jobs: [JobRecord] = []
        guard limit > 0 else { return jobs }
        for selector in try freeSelectors(of: place, on: connection) where jobs.count < limit {
            let isSame = selector == nil ? "selector IS NULL" : "selector = $4"
            let values = [place.uuid.sqlValue, now.sqlValue, (limit - jobs.count).sqlValue]
            // Of one measurement a node gets one job, so that others get theirs.
            jobs += try send(
                """
                SELECT seq FROM jobs WHERE node_uuid IS NULL AND state = 'queued' AND expires_at > $2 AND \(isSame)
                    AND (measurement_id IS NULL OR NOT EXISTS (SELECT 1 FROM jobs AS other
                        WHERE other.measurement_id = jobs.measurement_id AND (other.node_uuid = $1
                            OR (other.node_uuid IS NULL AND other.state = 'queued' AND other.seq < jobs.seq))))
                ORDER BY priority DESC, seq LIMIT $3\(connection.dialect.skipLocked)
                """, values + (selector.map { [$0.sqlValue] } ?? []), on: connection)
        }
        return jobs
    }

    /// The selectors that jobs bound to no node have and this one meets; nil is "any node".
    private static func freeSelectors(of place: NodePlace, on connection: any SQLConnection) throws -> [String?] {
        let all: [String?] = try connection.execute(
            "SELECT DISTINCT selector FROM jobs WHERE node_uuid IS NULL AND state = 'queued'"
        ).map { try $0["selector"] }
        return try all.filter { try $0.map { try NodeSelector(stored: $0).matches(place) } ?? true }
            .sorted { ($0 ?? "") < ($1 ?? "") }
    }
}

/// A node as routing sees it.
struct RoutableNode: Sendable {
    var place: NodePlace
    var maxConcurrent: Int
    /// That it is connected to.
    var replica: String?
    var heartbeat: RawJSON?
}

extension NodePlace {
    /// From a row with these columns of `nodes`.
    init(_ row: SQLRow) throws {
        self.init(
            uuid: try row["node_uuid"], region: try row["region"], zone: try row["zone"], tags: try row["tags"])
    }
}
