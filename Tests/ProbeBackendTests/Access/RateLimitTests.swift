import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct RateLimitTests {
    @Test func aKeyIsHeldToItsRate() async throws {
        let time = ManualTime()
        try await TestBackend.with(
            clock: time.backendClock, { $0.requests = RequestLimits(rate: 0.5, burst: 3) }
        ) { backend in
            let api = try await backend.client(role: "reader")
            let other = try await backend.client(role: "reader")
            for _ in 0..<3 { #expect(try await api.get("/api/v1/nodes").status == 200) }
            let refused = try await api.get("/api/v1/nodes")
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(refused.headers.contains { $0.lowercased() == "retry-after: 2" })
            // Others' buckets are their own, and the admin token's is ten times as large.
            #expect(try await other.get("/api/v1/nodes").status == 200)
            for _ in 0..<20 { #expect(try await backend.api.get("/api/v1/nodes").status == 200) }
            time.advance(by: .seconds(2))
            #expect(try await api.get("/api/v1/nodes").status == 200)
            #expect(try await api.get("/api/v1/nodes").status == 429)
        }
    }

    @Test func loginsCountToo() async throws {
        let time = ManualTime()
        try await TestBackend.with(
            clock: time.backendClock, { $0.requests = RequestLimits(rate: 1, burst: 2) }
        ) { backend in
            let key = try await backend.key(role: "reader")
            for _ in 0..<2 { _ = try await backend.login(key) }
            let answer = try await APIClient(url: backend.url).post("/api/v1/session", ["api_key": .string(key)])
            #expect(answer.code == "rate_limited")
        }
    }

    @Test func guessesFillNoMemoryAndFreeNobody() {
        let time = ManualTime()
        let limiter = RateLimiter(clock: time.backendClock)
        let limits = RequestLimits(rate: 1, burst: 1)
        for index in 0..<25_000 {
            if index.isMultiple(of: 100) { time.advance(by: .milliseconds(1)) }
            #expect(limiter.take(SecretDigest(of: "guess \(index)"), limits) == nil)
        }
        #expect(limiter.take(SecretDigest(of: "guess 24999"), limits) != nil)
        #expect(limiter.count <= 10_000)
    }
}

extension TestBackend {
    /// A new API key, named as its role.
    func key(role: String) async throws -> String {
        let answer = try await api.post("/api/v1/keys", ["name": .string(role), "role": .string(role)])
        guard let key = answer.body["api_key"]?.string else { throw Unexpected(answer.body) }
        return key
    }

    func client(role: String) async throws -> APIClient { APIClient(url: url, token: try await key(role: role)) }
}

extension APIClient {
    /// All pages of a list, by its cursors.
    func pages(_ path: String, of name: String) async throws -> [[JSONValue]] {
        var pages: [[JSONValue]] = []
        var cursor: String?
        repeat {
            let mark = path.contains("?") ? "&" : "?"
            let answer = try await get(path + (cursor.map { "\(mark)cursor=\($0)" } ?? ""))
            guard let page = answer.body[name]?.array else { throw Unexpected(answer.body) }
            pages.append(page)
            cursor = answer.body["next_cursor"]?.string
        } while cursor != nil && pages.count < 100
        return pages
    }
}
