/// API keys and sessions.
extension SQLStore {
    public func insert(_ key: APIKey) async throws {
        try await write { connection in
            try connection.execute(
                """
                INSERT INTO api_keys (key_id, digest, name, role, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                """, key.id, key.digest, key.name, key.role, key.createdAt, key.expiresAt)
        }
    }

    /// Newest first, from behind `after` on.
    func apiKeys(after: (at: Instant, id: String)?, limit: Int) async throws -> [APIKey] {
        var clauses = SQLClauses(after: limit)
        if let after { clauses.add("(created_at, key_id) < (?, ?)", after.at, after.id) }
        return try await read { [clauses] connection in
            try connection.execute(
                "SELECT * FROM api_keys \(clauses.condition) ORDER BY created_at DESC, key_id DESC LIMIT $1",
                clauses.values
            ).map(APIKey.init)
        }
    }

    /// Nil: there is none, or it has expired or was revoked.
    func apiKey(_ digest: SecretDigest, at now: Instant) async throws -> APIKey? {
        try await read { connection in
            try connection.execute(
                """
                SELECT * FROM api_keys
                WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                """, digest, now
            ).first.map(APIKey.init)
        }
    }

    /// False: there is no such key. Its sessions end with it.
    func revokeAPIKey(_ id: String, at now: Instant) async throws -> Bool {
        try await write { connection in
            try connection.execute("DELETE FROM sessions WHERE key_id = $1", id)
            return try !connection.execute(
                "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE key_id = $2 RETURNING key_id", now, id
            ).isEmpty
        }
    }

    /// Opens the session, and forgets those that have expired.
    func insert(_ session: LoginSession) async throws {
        try await write { connection in
            try connection.execute("DELETE FROM sessions WHERE expires_at <= $1", session.createdAt)
            try connection.execute(
                """
                INSERT INTO sessions (digest, key_id, name, role, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                """, session.digest, session.keyID, session.name, session.role, session.createdAt, session.expiresAt)
        }
    }

    /// Nil: there is none, or it has expired, or its key has or was revoked.
    func session(_ digest: SecretDigest, at now: Instant) async throws -> LoginSession? {
        try await read { connection in
            try connection.execute(
                """
                SELECT sessions.* FROM sessions LEFT JOIN api_keys ON api_keys.key_id = sessions.key_id
                WHERE sessions.digest = $1 AND sessions.expires_at > $2 AND api_keys.revoked_at IS NULL
                    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > $2)
                """, digest, now
            ).first.map(LoginSession.init)
        }
    }

    func delete(_ session: LoginSession) async throws {
        try await write { try $0.execute("DELETE FROM sessions WHERE digest = $1", session.digest) }
    }
}

extension APIKey {
    init(_ row: SQLRow) throws {
        id = try row["key_id"]
        digest = try row["digest"]
        name = try row["name"]
        role = try row["role"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
        revokedAt = try row["revoked_at"]
    }
}

extension LoginSession {
    init(_ row: SQLRow) throws {
        digest = try row["digest"]
        keyID = try row["key_id"]
        name = try row["name"]
        role = try row["role"]
        createdAt = try row["created_at"]
        expiresAt = try row["expires_at"]
    }
}
