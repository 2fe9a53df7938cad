/// Knows callers by what they show.
struct Authenticator: Sendable {
    /// Seconds.
    static let sessionLife = 12 * 3600.0

    let store: SQLStore
    let clock: BackendClock
    let adminToken: SecretDigest

    init(store: SQLStore, clock: BackendClock, adminToken: String) {
        self.store = store
        self.clock = clock
        self.adminToken = SecretDigest(of: adminToken)
    }

    /// Nil: nobody, or not any more.
    func caller(_ credential: Credential) async throws -> Caller? {
        switch credential {
        case .key(let text): try await caller(key: SecretDigest(of: text))
        case .session(let secret): try await caller(session: secret)
        }
    }

    func isAdminToken(_ digest: SecretDigest) -> Bool { digest.matches(adminToken) }

    private func caller(key digest: SecretDigest) async throws -> Caller? {
        if isAdminToken(digest) { return Caller(name: "admin", role: .admin, keyID: nil) }
        guard let key = try await store.apiKey(digest, at: clock.now) else { return nil }
        return Caller(name: key.name, role: key.role, keyID: key.id)
    }

    private func caller(session secret: SessionSecret) async throws -> Caller? {
        let digests = [secret.digest, secret.digest(boundTo: adminToken)]
        for digest in digests {
            guard let session = try await store.session(digest, at: clock.now) else { continue }
            return Caller(name: session.name, role: session.role, keyID: session.keyID, session: session)
        }
        return nil
    }

    /// Opens a session for who has that key. Nil: nobody has it.
    func login(_ key: String) async throws -> (session: LoginSession, secret: SessionSecret)? {
        guard let caller = try await caller(.key(key)) else { return nil }
        let secret = try SessionSecret.make()
        let now = clock.now
        let session = LoginSession(
            digest: caller.keyID == nil ? secret.digest(boundTo: adminToken) : secret.digest, keyID: caller.keyID,
            name: caller.name, role: caller.role, createdAt: now, expiresAt: now.adding(seconds: Self.sessionLife))
        try await store.insert(session)
        return (session, secret)
    }
}
