extension SQLStore {
    /// All but the deleted, in the order of their registration.
    public func nodes() async throws -> [NodeRecord] {
        try await read { connection in
            try connection.execute(
                "SELECT * FROM nodes WHERE deleted_at IS NULL ORDER BY registered_at, node_uuid"
            ).map(NodeRecord.init)
        }
    }

    public func node(_ uuid: String) async throws -> NodeRecord? {
        try await read { connection in
            try connection.execute("SELECT * FROM nodes WHERE node_uuid = $1 AND deleted_at IS NULL", uuid)
                .first.map(NodeRecord.init)
        }
    }

    /// Starts a connection of that node: its epoch, higher than of any connection before. From now on jobs are
    /// handed to no older one.
    public func openConnection(
        of node: String, _ update: NodeUpdate, connectionID: String, at now: Instant
    ) async throws -> Int64 {
        try await write { connection in
            let rows = try connection.execute(
                """
                UPDATE nodes SET epoch = epoch + 1, last_seen_at = $1, version = coalesce($2, version),
                    hostname = coalesce($3, hostname), max_concurrent = coalesce($4, max_concurrent),
                    replica = $5, connection_id = $6
                WHERE node_uuid = $7 AND deleted_at IS NULL AND disabled = 0 RETURNING epoch
                """, now, update.version, update.hostname, update.maxConcurrent, replica, connectionID, node)
            guard let row = rows.first else { throw StoreFailure.unknownNode(node) }
            connection.announce(.nodes)
            return try row["epoch"]
        }
    }

    /// The node's newest connection is this replica's, if it is that one.
    func keepConnection(of node: String, epoch: Int64, connectionID: String) async throws {
        try await write { connection in
            try connection.execute(
                "UPDATE nodes SET replica = $1, connection_id = $2 WHERE node_uuid = $3 AND epoch = $4", replica,
                connectionID, node, epoch)
        }
    }

    /// The node is connected nowhere, unless it has a newer connection. Any-node jobs bound to it and not yet sent are
    /// free for others; true when there were any.
    func closeConnection(of node: String, epoch: Int64) async throws -> Bool {
        try await write { connection in
            let closed = try connection.execute(
                """
                UPDATE nodes SET replica = NULL, connection_id = NULL WHERE node_uuid = $1 AND epoch = $2
                RETURNING node_uuid
                """, node, epoch)
            guard !closed.isEmpty else { return false }
            let isFreed = try Self.release(node, on: connection)
            connection.announce(.nodes)
            return isFreed
        }
    }

    public func keepHeartbeat(
        _ heartbeat: RawJSON, _ loadHistory: RawJSON, of node: String, at now: Instant
    ) async throws {
        try await write { connection in
            try connection.execute(
                "UPDATE nodes SET last_seen_at = $1, heartbeat = $2, load_history = $3 WHERE node_uuid = $4", now,
                heartbeat, loadHistory, node)
        }
    }
}

extension NodeRecord {
    /// From a row of `nodes`.
    init(_ row: SQLRow) throws {
        node = NewNode(
            uuid: try row["node_uuid"], keyDigest: try row["key_digest"], name: try row["name"],
            hostname: try row["hostname"], region: try row["region"], zone: try row["zone"],
            internalIP: try row["internal_ip"], version: try row["version"],
            maxConcurrent: try row["max_concurrent"], supportedTools: try row["supported_tools"],
            hardwareInfo: try row["hardware_info"], networkInfo: try row["network_info"],
            registeredAt: try row["registered_at"])
        lastSeenAt = try row["last_seen_at"]
        heartbeat = try row["heartbeat"]
        tags = try row["tags"]
        isDisabled = try row["disabled"]
        oldKeyDigest = try row["old_key_digest"]
        oldKeyValidUntil = try row["old_key_valid_until"]
        loadHistory = try row["load_history"]
        replica = try row["replica"]
        connectionID = try row["connection_id"]
        epoch = try row["epoch"]
    }
}
