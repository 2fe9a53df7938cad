extension SQLStore {
    public func insert(_ token: RegistrationToken) async throws {
        try await write { connection in
            try connection.execute(
                """
                INSERT INTO registration_tokens (token_id, digest, name, uses, uses_left, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $4, $5, $6)
                """, token.id, token.digest, token.name, token.uses, token.createdAt, token.expiresAt)
        }
    }

    /// Newest first, from behind `after` on.
    func registrationTokens(
        after: (at: Instant, id: String)?, limit: Int
    ) async throws -> [RegistrationTokenRecord] {
        var clauses = SQLClauses(after: limit)
        if let after { clauses.add("(created_at, token_id) < (?, ?)", after.at, after.id) }
        return try await read { [clauses] connection in
            try connection.execute(
                """
                SELECT * FROM registration_tokens \(clauses.condition) ORDER BY created_at DESC, token_id DESC LIMIT $1
                """, clauses.values
            ).map(RegistrationTokenRecord.init)
        }
    }

    /// False: there is no such token.
    func revokeRegistrationToken(_ id: String, at now: Instant) async throws -> Bool {
        try await write { connection in
            try !connection.execute(
                """
                UPDATE registration_tokens SET revoked_at = coalesce(revoked_at, $1) WHERE token_id = $2
                RETURNING token_id
                """, now, id
            ).isEmpty
        }
    }

    /// Uses up one use of the token and stores the node, both or neither. False: no such token, or spent, or expired,
    /// or revoked.
    public func register(_ node: NewNode, token: SecretDigest) async throws -> Bool {
        try await write { connection in
            let used = try connection.execute(
                """
                UPDATE registration_tokens SET uses_left = uses_left - 1
                WHERE digest = $1 AND uses_left > 0 AND (expires_at IS NULL OR expires_at > $2) AND revoked_at IS NULL
                RETURNING token_id
                """, token, node.registeredAt)
            guard let row = used.first else { return false }
            try Self.insert(node, tokenID: try row["token_id"], on: connection)
            return true
        }
    }

    private static func insert(_ node: NewNode, tokenID: String, on connection: any SQLConnection) throws {
        try connection.execute(
            """
            INSERT INTO nodes (node_uuid, key_digest, name, hostname, region, zone, internal_ip, version,
                max_concurrent, supported_tools, hardware_info, network_info, token_id, registered_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """, node.uuid, node.keyDigest, node.name, node.hostname, node.region, node.zone, node.internalIP,
            node.version, node.maxConcurrent, node.supportedTools, node.hardwareInfo, node.networkInfo, tokenID,
            node.registeredAt)
    }
}

extension RegistrationTokenRecord {
    init(_ row: SQLRow) throws {
        token = RegistrationToken(
            id: try row["token_id"], digest: try row["digest"], name: try row["name"], uses: try row["uses"],
            createdAt: try row["created_at"], expiresAt: try row["expires_at"], revokedAt: try row["revoked_at"])
        usesLeft = try row["uses_left"]
    }
}
