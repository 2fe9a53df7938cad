import ProbeTesting
import Testing

@testable import ProbeBackend

/// Two backends over one PostgreSQL database.
@Suite(.timeLimit(.minutes(3))) struct ReplicaTests {
    private func withTwo(_ body: @escaping @Sendable (TestBackend, TestBackend) async throws -> Void) async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let stores = (try await SQLStore.open(database), try await SQLStore.open(database))
        try await TestBackend.with(store: stores.0) { one in
            try await TestBackend.with(store: stores.1) { other in try await body(one, other) }
        }
    }

    @Test func aJobPostedElsewhereReachesItsNodeAndItsResultComesBack() async throws {
        try await withTwo { one, other in
            try await FakeNode.with { node in
                let identity = try await one.connect(node)
                let shown = try await other.api.get("/api/v1/nodes").body["nodes"]?[0]
                #expect(shown?["status"] == "online")
                try await node.command("answer")
                for target: JSONValue in [.string(identity.uuid), "any"] {
                    let answer = try await other.api.post(
                        "/api/v1/jobs", ["node": target, "tool": "ping", "target": "127.0.0.1", "wait": 50])
                    #expect(answer.status == 200)
                    #expect(answer.body["state"] == "done")
                    #expect(answer.body["node_uuid"]?.string == identity.uuid)
                }
            }
        }
    }

    @Test func aJobCancelledElsewhereIsCancelledAtItsNode() async throws {
        try await withTwo { one, other in
            try await FakeNode.with { node in
                _ = try await one.connect(node)
                let id = try await one.api.post()
                _ = try await node.job()
                #expect(try await other.api.delete("/api/v1/jobs/\(id)").status == 200)
                let message = try await node.message { $0["type"] == "cancel_job" }
                #expect(message["request_id"]?.string == id)
            }
        }
    }

    @Test func theNewestConnectionWinsWhereverItIs() async throws {
        try await withTwo { one, other in
            try await FakeNode.with { node in
                let identity = try await one.connect(node)
                _ = try await other.connect(node, as: identity)
                #expect(try await node.closed(1).code == 4001)
                // It went, but it takes nothing with it: the node is where its newest connection is.
                #expect(try await one.api.get("/api/v1/nodes").body["nodes"]?[0]?["status"] == "online")
                let id = try await one.api.post()
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
            }
        }
    }
}
