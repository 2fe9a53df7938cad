/// Which replicas live, and which node is connected to which. A replica lives as long as it has a row; others remove
/// the row of one whose beat stands still.
extension SQLStore {
    /// Puts this replica among the living. On SQLite it is the only one, and those that are left there are dead.
    func join(at now: Instant) async throws {
        try await write { connection in
            if connection.dialect == .sqlite {
                for row in try connection.execute("SELECT replica_id FROM replicas") {
                    try Self.bury(try row["replica_id"], on: connection)
                }
            }
            try connection.execute(
                "INSERT INTO replicas (replica_id, beat, started_at) VALUES ($1, 0, $2)", replica, now)
            try Self.releaseUnconnected(on: connection)
        }
    }

    /// False when others have taken this replica for dead: it must join again and claim its nodes.
    func beat() async throws -> Bool {
        try await write { connection in
            let beaten = try connection.execute(
                "UPDATE replicas SET beat = beat + 1 WHERE replica_id = $1 RETURNING beat", replica)
            return !beaten.isEmpty
        }
    }

    /// The beat of each replica. They are counted and not timed, for replicas' clocks differ.
    func beats() async throws -> [String: Int64] {
        try await read { connection in
            let rows = try connection.execute("SELECT replica_id, beat FROM replicas")
            return Dictionary(uniqueKeysWithValues: try rows.map { (try $0["replica_id"], try $0["beat"]) })
        }
    }

    /// Takes that replica for dead, unless it has gone on beating: its nodes are connected nowhere, and what any node
    /// may do is free.
    func bury(_ replica: String, lastBeat: Int64? = nil) async throws {
        try await write { connection in
            if let lastBeat {
                let row = try connection.execute(
                    "SELECT beat FROM replicas WHERE replica_id = $1\(connection.dialect.forUpdate)", replica
                ).first
                guard try row?["beat"] == lastBeat else { return }
            }
            try Self.bury(replica, on: connection)
            try Self.releaseUnconnected(on: connection)
            connection.announce([.queued, .nodes])
        }
    }

    private static func bury(_ replica: String, on connection: any SQLConnection) throws {
        try connection.execute("DELETE FROM replicas WHERE replica_id = $1", replica)
        try connection.execute(
            "UPDATE nodes SET replica = NULL, connection_id = NULL WHERE replica = $1", replica)
    }

    /// Any-node jobs bound to nodes that are connected nowhere are free for others.
    private static func releaseUnconnected(on connection: any SQLConnection) throws {
        try connection.execute(
            """
            UPDATE jobs SET node_uuid = NULL WHERE state = 'queued' AND any_node = 1
                AND node_uuid IN (SELECT node_uuid FROM nodes WHERE replica IS NULL)
            """)
    }

    // MARK: What a wake-up makes a replica ask

    /// Of this replica's nodes those that have jobs to be sent; and whether there are any that are bound to no node.
    func nodesWithQueuedJobs() async throws -> (bound: Set<String>, areSomeFree: Bool) {
        try await read { connection in
            let bound = try connection.execute(
                """
                SELECT node_uuid FROM nodes WHERE replica = $1 AND EXISTS
                    (SELECT 1 FROM jobs WHERE jobs.node_uuid = nodes.node_uuid AND jobs.state = 'queued')
                """, replica)
            let free = try connection.execute(
                "SELECT seq FROM jobs WHERE node_uuid IS NULL AND state = 'queued' LIMIT 1")
            return (Set(try bound.map { try $0["node_uuid"] }), !free.isEmpty)
        }
    }

    /// Of those jobs the ones that are finished.
    func finished(of requestIDs: [String]) async throws -> [String] {
        try await read { connection in
            try requestIDs.filter { id in
                try !connection.execute(
                    "SELECT seq FROM jobs WHERE request_id = $1 AND state NOT IN ('queued', 'sent')", id
                ).isEmpty
            }
        }
    }

    /// Jobs that another replica ended and a node of this one has, each told once.
    func takeEndedElsewhere() async throws -> [EndedJob] {
        let mine = "cancel_due = 1 AND node_uuid IN (SELECT node_uuid FROM nodes WHERE replica = $1)"
        let isThereAny = try await read { [replica] connection in
            try !connection.execute("SELECT seq FROM jobs WHERE \(mine) LIMIT 1", replica).isEmpty
        }
        guard isThereAny else { return [] }
        return try await write { connection in
            try connection.execute(
                "UPDATE jobs SET cancel_due = 0 WHERE \(mine) RETURNING request_id, node_uuid", replica
            ).map { EndedJob(requestID: try $0["request_id"], holder: try $0["node_uuid"]) }
        }
    }

    /// The newest connection's epoch of each node that is not this replica's.
    func epochsElsewhere() async throws -> [String: Int64] {
        try await read { connection in
            let rows = try connection.execute(
                "SELECT node_uuid, epoch FROM nodes WHERE replica IS NULL OR replica <> $1", replica)
            return Dictionary(uniqueKeysWithValues: try rows.map { (try $0["node_uuid"], try $0["epoch"]) })
        }
    }
}
