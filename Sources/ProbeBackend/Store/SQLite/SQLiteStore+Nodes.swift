import FoundationEssentials
import GRDB

extension SQLiteStore {
    public func insert(_ token: RegistrationToken) async throws {
        try await commits.write { database in
            try database.execute(
                sql: """
                    INSERT INTO registration_tokens (token_id, digest, name, uses, uses_left, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    token.id, Data(token.digest.bytes), token.name, token.uses, token.uses,
                    token.createdAt.milliseconds, token.expiresAt?.milliseconds,
                ])
        }
    }

    public func register(_ node: NewNode, token: SecretDigest) async throws -> Bool {
        try await commits.write { database in
            let now = node.registeredAt.milliseconds
            let tokenID = try String.fetchOne(
                database,
                sql: """
                    UPDATE registration_tokens SET uses_left = uses_left - 1
                    WHERE digest = ? AND uses_left > 0 AND (expires_at IS NULL OR expires_at > ?)
                    RETURNING token_id
                    """,
                arguments: [Data(token.bytes), now])
            guard let tokenID else { return false }
            try Self.insert(node, tokenID: tokenID, into: database)
            return true
        }
    }

    private static func insert(_ node: NewNode, tokenID: String, into database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO nodes (node_uuid, key_digest, name, hostname, region, zone, internal_ip, version,
                    max_concurrent, supported_tools, hardware_info, network_info, token_id, registered_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                node.uuid, Data(node.keyDigest.bytes), node.name, node.hostname, node.region, node.zone,
                node.internalIP, node.version, node.maxConcurrent, node.supportedTools?.stored,
                node.hardwareInfo?.stored, node.networkInfo?.stored, tokenID, node.registeredAt.milliseconds,
            ])
    }

    public func nodes() async throws -> [NodeRecord] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM nodes ORDER BY registered_at, node_uuid").map(Self.node)
        }
    }

    public func node(_ uuid: String) async throws -> NodeRecord? {
        try await pool.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM nodes WHERE node_uuid = ?", arguments: [uuid])
                .map(Self.node)
        }
    }

    public func openConnection(of node: String, _ update: NodeUpdate, at now: Instant) async throws -> Int64 {
        try await commits.write { database in
            let epoch = try Int64.fetchOne(
                database,
                sql: """
                    UPDATE nodes SET epoch = epoch + 1, last_seen_at = ?, version = coalesce(?, version),
                        hostname = coalesce(?, hostname), max_concurrent = coalesce(?, max_concurrent)
                    WHERE node_uuid = ? RETURNING epoch
                    """,
                arguments: [now.milliseconds, update.version, update.hostname, update.maxConcurrent, node])
            guard let epoch else { throw StoreFailure.unknownNode(node) }
            return epoch
        }
    }

    public func keepHeartbeat(_ heartbeat: RawJSON, of node: String, at now: Instant) async throws {
        try await commits.write { database in
            try database.cachedStatement(sql: "UPDATE nodes SET last_seen_at = ?, heartbeat = ? WHERE node_uuid = ?")
                .execute(arguments: [now.milliseconds, heartbeat.stored, node])
        }
    }

    private static func node(_ row: Row) -> NodeRecord {
        NodeRecord(
            node: NewNode(
                uuid: row["node_uuid"],
                keyDigest: SecretDigest(stored: [UInt8](row["key_digest"] as Data)),
                name: row["name"],
                hostname: row["hostname"],
                region: row["region"],
                zone: row["zone"],
                internalIP: row["internal_ip"],
                version: row["version"],
                maxConcurrent: row["max_concurrent"],
                supportedTools: RawJSON(stored: row["supported_tools"]),
                hardwareInfo: RawJSON(stored: row["hardware_info"]),
                networkInfo: RawJSON(stored: row["network_info"]),
                registeredAt: Instant(milliseconds: row["registered_at"])),
            lastSeenAt: Instant(stored: row["last_seen_at"]),
            heartbeat: RawJSON(stored: row["heartbeat"]))
    }
}
