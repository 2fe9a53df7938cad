/// Which nodes are listed; nil asks for nothing.
struct NodeFilter: Sendable {
    var region: String?
    var zone: String?
    var tag: String?
    /// A part of the name, the host name or the UUID.
    var text: String?
    var isDisabled: Bool?
}

/// What a PATCH of a node changes; nil leaves it.
struct NodeChange: Sendable {
    var name: String?
    var region: String??
    var zone: String??
    var tags: Tags?
    var isDisabled: Bool?
}

/// What an operator does with nodes.
extension SQLStore {
    /// By name, from behind `after` on.
    func nodes(
        _ filter: NodeFilter, after: (name: String, uuid: String)?, limit: Int
    ) async throws -> [NodeRecord] {
        var clauses = SQLClauses(after: limit)
        clauses.add("deleted_at IS NULL")
        if let after { clauses.add("(name, node_uuid) > (?, ?)", after.name, after.uuid) }
        if let region = filter.region { clauses.add("region = ?", region) }
        if let zone = filter.zone { clauses.add("zone = ?", zone) }
        if let isDisabled = filter.isDisabled { clauses.add("disabled = ?", isDisabled) }
        if let tag = filter.tag { clauses.add("lower(tags) LIKE ? ESCAPE '!'", "\"\(tag)\"".likePattern) }
        if let text = filter.text {
            let columns = ["name", "hostname", "node_uuid"].map { "lower(\($0)) LIKE ? ESCAPE '!'" }
            clauses.add("(\(columns.joined(separator: " OR ")))", text.likePattern, text.likePattern, text.likePattern)
        }
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT * FROM nodes \(clauses.condition) ORDER BY name, node_uuid LIMIT $1", clauses.values
            ).map(NodeRecord.init)
        }
    }

    /// The node as it is then; nil when there is none. Disabling fences its connection, wherever that is, and frees what
    /// it was not sent yet and others may do.
    func change(_ uuid: String, _ change: NodeChange) async throws -> NodeRecord? {
        var clauses = SQLClauses(after: uuid)
        if let name = change.name { clauses.add("name = ?", name) }
        if let region = change.region { clauses.add("region = ?", region) }
        if let zone = change.zone { clauses.add("zone = ?", zone) }
        if let tags = change.tags { clauses.add("tags = ?", tags) }
        if let isDisabled = change.isDisabled { clauses.add("disabled = ?", isDisabled) }
        if change.isDisabled == true {
            for clause in ["epoch = epoch + 1", "replica = NULL", "connection_id = NULL"] { clauses.add(clause) }
        }
        guard !clauses.texts.isEmpty else { return try await node(uuid) }
        return try await write { [clauses] connection in
            let changed = try connection.execute(
                "UPDATE nodes SET \(clauses.list) WHERE node_uuid = $1 AND deleted_at IS NULL RETURNING *",
                clauses.values)
            guard let row = changed.first else { return nil }
            connection.announce(.nodes)
            if change.isDisabled == true { try Self.release(uuid, on: connection) }
            return try NodeRecord(row)
        }
    }

    /// The key before stays good until then. False: there is no such node.
    func rotateKey(of uuid: String, to digest: SecretDigest, oldValidUntil: Instant?) async throws -> Bool {
        try await write { connection in
            try !connection.execute(
                """
                UPDATE nodes SET old_key_digest = key_digest, old_key_valid_until = $1, key_digest = $2
                WHERE node_uuid = $3 AND deleted_at IS NULL RETURNING node_uuid
                """, oldValidUntil, digest, uuid
            ).isEmpty
        }
    }

    /// Forgets the node and ends its open jobs as `failed` with `node_deleted`, but for those that another node may
    /// still do. Finished ones stay. Nil: there is no such node.
    func deleteNode(_ uuid: String, at now: Instant) async throws -> [EndedJob]? {
        try await write { connection in
            let deleted = try connection.execute(
                """
                UPDATE nodes SET deleted_at = $1, epoch = epoch + 1, replica = NULL, connection_id = NULL
                WHERE node_uuid = $2 AND deleted_at IS NULL RETURNING node_uuid
                """, now, uuid)
            guard !deleted.isEmpty else { return nil }
            try Self.release(uuid, on: connection)
            connection.announce([.nodes, .finished])
            let open = try connection.execute(
                "SELECT seq FROM jobs WHERE node_uuid = $1 AND state IN ('queued', 'sent')", uuid)
            return try open.compactMap {
                try end(try $0["seq"], as: .failed, errorCode: "node_deleted", at: now, on: connection)
            }
        }
    }
}
