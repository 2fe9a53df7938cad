import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct ReplacementTests {
    @Test func theNewestConnectionWins() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let id = try await backend.api.post()
                _ = try await node.job(on: 1)
                _ = try await backend.connect(node, as: identity)
                let close = try await node.closed(1)
                #expect(close.code == 4001)
                #expect(close.reason == "replaced")
                // What the older one had not answered is sent to the newer one, and new jobs go there.
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
                let next = try await backend.api.post()
                #expect(try await node.job(on: 2)["request_id"]?.string == next)
                #expect(try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]?["status"] == "online")
            }
        }
    }

    /// A result that was under way on the older connection is not lost, and the newer one's copy changes nothing.
    @Test func anAnswerOfTheOlderConnectionCounts() async throws {
        let folder = try TemporaryFolder("store")
        let store = try await SQLStore.open(folder.file("store.db"))
        let old = try await store.register("a")
        try await store.insert([.sample("1", node: "a")])
        _ = try await store.claim(for: "a", epoch: old, limit: 1, at: .start)
        let new = try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start)
        #expect(try await store.record([.sample("1", result: #"{"by":"old"}"#)], from: "a", at: .start) == [.finished])
        #expect(try await store.unanswered(of: "a", epoch: new, after: 0, limit: 9, at: .start).isEmpty)
        #expect(try await store.record([.sample("1", result: #"{"by":"new"}"#)], from: "a", at: .start) == [.duplicate])
        #expect(try await store.job("1")?.result?.bytes == Array(#"{"by":"old"}"#.utf8))
    }

    @Test func aStormOfConnectionsLeavesOne() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                for _ in 0..<10 { _ = try await backend.connect(node, as: identity) }
                for connection in 1...10 { #expect(try await node.closed(connection).code == 4001) }
                let id = try await backend.api.post()
                #expect(try await node.job(on: 11)["request_id"]?.string == id)
            }
        }
    }
}
