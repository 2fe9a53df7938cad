import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreAccessTests {
    private static func key(_ id: String, at seconds: Double = 0, lives: Double? = nil) -> APIKey {
        let now = Instant.start.adding(seconds: seconds)
        return APIKey(
            id: id, digest: SecretDigest(of: "key \(id)"), name: "name of \(id)", role: .operator, createdAt: now,
            expiresAt: lives.map { now.adding(seconds: $0) })
    }

    private static func session(_ secret: String, of key: String?, lives: Double = 60) -> LoginSession {
        LoginSession(
            digest: SecretDigest(of: secret), keyID: key, name: "n", role: .reader, createdAt: .start,
            expiresAt: Instant.start.adding(seconds: lives))
    }

    @Test(arguments: StoreEngine.allCases)
    func keysAreFoundUntilTheyExpireOrAreRevoked(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            try await store.insert(Self.key("a", lives: 60))
            try await store.insert(Self.key("b"))
            let digest = SecretDigest(of: "key a")
            let found = try #require(try await store.apiKey(digest, at: .start))
            #expect(found.id == "a")
            #expect(found.name == "name of a")
            #expect(found.role == .operator)
            #expect(found.expiresAt == Instant.start.adding(seconds: 60))
            #expect(try await store.apiKey(digest, at: Instant.start.adding(seconds: 60))?.id == nil)
            #expect(
                try await store.apiKey(SecretDigest(of: "key b"), at: Instant.start.adding(seconds: 1e6))?.id == "b")
            #expect(try await store.revokeAPIKey("b", at: .start))
            #expect(try await store.apiKey(SecretDigest(of: "key b"), at: .start)?.id == nil)
            #expect(try await store.revokeAPIKey("b", at: Instant.start.adding(seconds: 9)))
            #expect(try await !store.revokeAPIKey("c", at: .start))
            #expect(try await store.apiKeys(after: nil, limit: 9).first { $0.id == "b" }?.revokedAt == .start)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func keysAreListedNewestFirst(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            for (id, seconds) in [("a", 1.0), ("b", 2), ("c", 2), ("d", 0)] {
                try await store.insert(Self.key(id, at: seconds))
            }
            let first = try await store.apiKeys(after: nil, limit: 2)
            #expect(first.map(\.id) == ["c", "b"])
            let rest = try await store.apiKeys(after: first.last.map { ($0.createdAt, $0.id) }, limit: 9)
            #expect(rest.map(\.id) == ["a", "d"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func sessionsEndByTimeAndWithTheirKey(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            try await store.insert(Self.key("a", lives: 30))
            try await store.insert(Self.key("b"))
            try await store.insert(Self.session("of a", of: "a"))
            try await store.insert(Self.session("of b", of: "b"))
            let own = Self.session("of the admin token", of: nil)
            try await store.insert(own)
            func isOpen(_ secret: String, _ seconds: Double = 0) async throws -> Bool {
                try await store.session(SecretDigest(of: secret), at: Instant.start.adding(seconds: seconds)) != nil
            }
            #expect(try await isOpen("of a", 29))
            #expect(try await !isOpen("of a", 30))
            #expect(try await isOpen("of b", 59))
            #expect(try await isOpen("of the admin token", 59))
            #expect(try await !isOpen("of the admin token", 60))
            _ = try await store.revokeAPIKey("b", at: .start)
            #expect(try await !isOpen("of b"))
            try await store.delete(own)
            #expect(try await !isOpen("of the admin token"))
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func registrationTokensAreListedAndRevoked(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let (token, secret) = try TokenOrder(name: "lab", uses: 2).make(at: .start)
            try await store.insert(token)
            #expect(try await store.register(.sample("a"), token: secret.digest))
            let listed = try await store.registrationTokens(after: nil, limit: 5)
            #expect(listed.map(\.usesLeft) == [1])
            #expect(listed.first?.token.name == "lab")
            #expect(try await store.registrationTokens(after: (.start, token.id), limit: 5).isEmpty)
            #expect(try await store.revokeRegistrationToken(token.id, at: .start))
            #expect(try await !store.revokeRegistrationToken("other", at: .start))
            #expect(try await !store.register(.sample("b"), token: secret.digest))
        }
    }
}
