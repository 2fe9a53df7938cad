import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct ErrorTests {
    @Test(arguments: [nil, "", "wrong", "an-admin-token-for-test", "an-admin-token-for-tests "])
    func adminEndpointsWantTheToken(_ token: String?) async throws {
        try await TestBackend.with { backend in
            let api = APIClient(url: backend.url, token: token)
            for (method, path) in [
                ("GET", "/api/v1/nodes"), ("POST", "/api/v1/jobs"), ("GET", "/api/v1/jobs/x"),
                ("DELETE", "/api/v1/jobs/x"), ("POST", "/api/v1/registration-tokens"),
            ] {
                let answer = try await api.call(method, path)
                // A trailing space is no part of a header's value.
                if token?.hasSuffix(" ") == true {
                    #expect(answer.status != 401)
                } else {
                    #expect(answer.status == 401, "\(method) \(path)")
                    #expect(answer.code == "unauthorized")
                    #expect(answer.contentType == "application/problem+json")
                }
            }
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let body: String
        let status: Int
        let code: String
        /// What the sentence must name.
        var names = ""
        var testDescription: String { String(body.prefix(60)) }
    }

    static let jobs = [
        Bad(body: "", status: 400, code: "invalid_json"),
        Bad(body: "not json", status: 400, code: "invalid_json"),
        Bad(body: #"{"tool":"ping","target":"a"} x"#, status: 400, code: "invalid_json"),
        Bad(body: String(repeating: "[", count: 100_000), status: 400, code: "invalid_json", names: "32"),
        Bad(body: "7", status: 422, code: "invalid_request"),
        Bad(body: "[]", status: 422, code: "invalid_request"),
        Bad(body: "[7]", status: 422, code: "invalid_request", names: "Job 0"),
        Bad(
            body: #"[{"tool":"ping","target":"a"},{"tool":"ping"}]"#, status: 422, code: "invalid_request",
            names: "Job 1"),
        Bad(body: #"{"target":"a"}"#, status: 422, code: "invalid_request", names: "\"tool\""),
        Bad(body: #"{"tool":"ping"}"#, status: 422, code: "invalid_request", names: "\"target\""),
        Bad(body: #"{"tool":1,"target":"a"}"#, status: 422, code: "invalid_request", names: "\"tool\""),
        Bad(body: #"{"tool":"PING!","target":"a"}"#, status: 422, code: "invalid_request", names: "\"tool\""),
        Bad(body: #"{"tool":"ping","target":""}"#, status: 422, code: "invalid_request", names: "\"target\""),
        Bad(body: #"{"tool":"ping","target":"a\u0000b"}"#, status: 422, code: "invalid_request", names: "NUL"),
        Bad(
            body: #"{"tool":"ping","target":"a","parameters":[]}"#, status: 422, code: "invalid_request",
            names: "\"parameters\""),
        Bad(
            body: #"{"tool":"ping","target":"a","timeout":0}"#, status: 422, code: "invalid_request",
            names: "\"timeout\""),
        Bad(
            body: #"{"tool":"ping","target":"a","timeout":601}"#, status: 422, code: "invalid_request",
            names: "\"timeout\""),
        Bad(
            body: #"{"tool":"ping","target":"a","timeout":1e999}"#, status: 422, code: "invalid_request",
            names: "number"),
        Bad(
            body: #"{"tool":"ping","target":"a","priority":1.5}"#, status: 422, code: "invalid_request",
            names: "integer"),
        Bad(
            body: #"{"tool":"ping","target":"a","expires_in":0}"#, status: 422, code: "invalid_request",
            names: "\"expires_in\""),
        Bad(
            body: #"{"tool":"ping","target":"a","wait":-1}"#, status: 422, code: "invalid_request", names: "\"wait\""),
        Bad(
            body: #"{"tool":"ping","target":"a","request_id":"a b"}"#, status: 422, code: "invalid_request",
            names: "\"request_id\""),
        Bad(
            body: #"{"tool":"ping","target":"a","node":"00000000-0000-0000-0000-000000000000"}"#, status: 422,
            code: "unknown_node", names: "00000000"),
    ]

    @Test(arguments: jobs)
    func aBadJobIsRefused(_ bad: Bad) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call("POST", "/api/v1/jobs", body: bad.body)
            #expect(answer.status == bad.status)
            #expect(answer.code == bad.code)
            #expect(answer.contentType == "application/problem+json")
            #expect(answer.body["status"]?.int == bad.status)
            let detail = try #require(answer.body["detail"]?.string)
            #expect(bad.names.isEmpty || detail.contains(bad.names))
            #expect(detail.hasSuffix("."))
        }
    }

    @Test(arguments: [
        #"{"uses":0}"#, #"{"uses":100001}"#, #"{"uses":"1"}"#, #"{"expires_in":0}"#, #"{"expires_in":1e9}"#,
        #"{"name":7}"#, #"{"name":"a\u0000"}"#,
    ])
    func aBadTokenOrderIsRefused(_ body: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call("POST", "/api/v1/registration-tokens", body: body)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid_request")
        }
    }

    @Test func bodiesAreBounded() async throws {
        try await TestBackend.with { backend in
            let folder = try TemporaryFolder("body")
            let file = try folder.write(String(repeating: " ", count: (4 << 20) + 1), to: "large")
            for path in ["/api/v1/jobs", "/probe-nodes/register", "/api/v1/registration-tokens"] {
                let answer = try await backend.api.call("POST", path, file: file)
                #expect(answer.status == 413, "\(path)")
                #expect(answer.code == "body_too_large")
            }
            #expect(try await backend.api.get("/healthz").status == 200)
        }
    }

    @Test func invalidUTF8IsRefused() async throws {
        try await TestBackend.with { backend in
            let folder = try TemporaryFolder("body")
            let file = folder.file("latin1")
            try await Oracle.check("sh", ["-c", #"printf '{"tool":"ping","target":"\351"}' > '\#(file)'"#])
            let answer = try await backend.api.call("POST", "/api/v1/jobs", file: file)
            #expect(answer.status == 400)
            #expect(answer.code == "invalid_json")
        }
    }

    @Test(arguments: [
        "/nothing", "/api/v1/nothing", "/api/v1/jobs/nothing", "/api/v1/jobs/%00", "/api/v1/jobs/%2e%2e",
        "/api/v1/jobs/%ff",
    ])
    func unknownThingsAreNotFound(_ path: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.get(path)
            #expect(answer.status == 404)
            #expect(answer.code == "not_found")
            #expect(answer.contentType == "application/problem+json")
        }
    }

    @Test func theWebSocketPathWantsAHandshake() async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.get("/ws/node")
            #expect(answer.status == 426)
            #expect(answer.code == "upgrade_required")
            // A handshake for another path is no upgrade, and an incomplete one is none either.
            for more in [["-H", "Sec-WebSocket-Version: 13"], ["-H", "Sec-WebSocket-Version: 8"]] {
                let arguments = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--http1.1", "--max-time", "5"]
                let upgrade = ["-H", "Connection: Upgrade", "-H", "Upgrade: websocket"]
                let status = try await Oracle.check("curl", arguments + upgrade + more + ["\(backend.url)/ws/node"])
                #expect(status.trimmed == "426")
                let other = upgrade + ["-H", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA=="] + more
                #expect(try await Oracle.check("curl", arguments + other + ["\(backend.url)/other"]).trimmed == "404")
            }
        }
    }

    @Test(arguments: ["GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n"])
    func garbageIsAnsweredAndTheServerGoesOn(_ bytes: String) async throws {
        try await TestBackend.with { backend in
            let folder = try TemporaryFolder("garbage")
            let file = try folder.write(bytes, to: "bytes")
            let port = backend.url.split(separator: ":").last.map(String.init) ?? ""
            let script = "exec 3<>/dev/tcp/127.0.0.1/\(port); cat '\(file)' >&3; timeout 5 head -c 12 <&3"
            let answer = try await Oracle.run("bash", ["-c", script])
            #expect(answer.output.trimmed.hasPrefix("HTTP/1.1 400") || answer.output.trimmed.isEmpty)
            #expect(try await backend.api.get("/healthz").status == 200)
        }
    }

    @Test func aBrokenDatabaseIs503() async throws {
        let folder = try TemporaryFolder("store")
        let engine = try SQLiteEngine(path: folder.file("fleet.db"))
        try await TestBackend.with(store: SQLStore(engine)) { backend in
            #expect(try await backend.api.get("/readyz").status == 200)
            try await engine.pool.write { database in
                try database.execute(sql: "ALTER TABLE nodes RENAME TO gone; ALTER TABLE jobs RENAME TO gone_too")
            }
            #expect(try await backend.api.get("/healthz").status == 200)
            for (method, path) in [("GET", "/readyz"), ("GET", "/api/v1/nodes"), ("GET", "/api/v1/jobs/x")] {
                let answer = try await backend.api.call(method, path)
                #expect(answer.status == 503)
                #expect(answer.code == "store_unavailable")
            }
            let answer = try await backend.api.post("/api/v1/jobs", ["tool": "ping", "target": "a"])
            #expect(answer.status == 503)
        }
    }
}

extension String {
    fileprivate var trimmed: String { split(separator: "\n").joined() }
}
