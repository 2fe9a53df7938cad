import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct JobListTests {
    @Test func filtersAndPages() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let api = backend.api
                let identity = try await backend.connect(node)
                func ids(_ query: String) async throws -> [String] {
                    let answer = try await api.get("/api/v1/jobs?\(query)")
                    guard answer.status == 200 else { throw Unexpected(answer.body) }
                    return (answer.body["jobs"]?.array ?? []).compactMap { $0["request_id"]?.string }
                }
                for (id, tool, target) in [("1", "ping", "a.example"), ("2", "dns", "b.example"), ("3", "dns", "c_d")] {
                    try await api.post(job: [
                        "request_id": .string(id), "tool": .string(tool), "target": .string(target),
                    ])
                    _ = try await node.job()
                }
                try await node.answer("1")
                _ = try await node.acknowledgement(of: "1")
                try await node.answer("2", ["result": ["success": false, "error_code": "resolve_nxdomain"]])
                _ = try await node.acknowledgement(of: "2")

                #expect(try await ids("") == ["3", "2", "1"])
                #expect(try await ids("state=done") == ["2", "1"])
                #expect(try await ids("tool=dns") == ["3", "2"])
                #expect(try await ids("target=B.EX") == ["2"])
                #expect(try await ids("target=_") == ["3"])
                #expect(try await ids("success=true") == ["1"])
                #expect(try await ids("success=false") == ["2"])
                #expect(try await ids("node=\(identity.uuid)&state=sent") == ["3"])
                #expect(try await ids("node=x").isEmpty)
                #expect(try await ids("since=2020-01-01T00:00:00Z") == ["3", "2", "1"])
                #expect(try await ids("until=2020-01-01T00:00:00.000Z").isEmpty)

                let page = try await api.get("/api/v1/jobs?limit=2").body
                let cursor = try #require(page["next_cursor"]?.string)
                #expect(try await ids("limit=2&cursor=\(cursor)") == ["1"])
                #expect(page["jobs"]?[0]?["result"] == nil)
                let full = try await api.get("/api/v1/jobs?include=result&tool=ping").body
                #expect(full["jobs"]?[0]?["result"]?["success"] == true)
                #expect(full["jobs"]?[0]?["node_name"] == "node")
                #expect(try await api.job("2")["error_code"] == "resolve_nxdomain")
            }
        }
    }

    @Test(arguments: [
        ("state=lost", "invalid_request"), ("success=maybe", "invalid_request"), ("since=today", "invalid_request"),
        ("limit=0", "invalid_request"), ("limit=501", "invalid_request"), ("cursor=x", "invalid_cursor"),
        ("include=all", "invalid_request"), ("tool=%00", "invalid_request"),
    ])
    func refuses(_ query: String, _ code: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.get("/api/v1/jobs?\(query)")
            #expect(answer.status == 422)
            #expect(answer.code == code)
        }
    }
}
