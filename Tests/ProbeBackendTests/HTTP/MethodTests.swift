import ProbeTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct MethodTests {
    @Test(arguments: [
        ("PUT", "/api/v1/nodes", "GET, HEAD"), ("POST", "/healthz", "GET, HEAD"),
        ("GET", "/probe-nodes/register", "POST"), ("OPTIONS", "/api/v1/keys", "GET, HEAD, POST"),
        ("PATCH", "/api/v1/jobs/x", "GET, HEAD, DELETE"),
    ])
    func aMethodThatAPathDoesNotHaveIsNamed(_ method: String, _ path: String, _ allowed: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call(method, path)
            #expect(answer.status == 405)
            #expect(answer.code == "method_not_allowed")
            #expect(answer.headers.contains { $0.lowercased() == "allow: \(allowed.lowercased())" })
        }
    }

    @Test func headIsGetWithoutTheBody() async throws {
        try await TestBackend.with { backend in
            let output = try await Oracle.check(
                "curl",
                ["-sSI", "-H", "Authorization: Bearer \(TestBackend.adminToken)", "\(backend.url)/api/v1/nodes"])
            #expect(output.hasPrefix("HTTP/1.1 200"))
            #expect(!output.contains("next_cursor"))
        }
    }
}
