import ProbeTesting
import Testing

@testable import ProbeBackend

/// The built command against a backend in this process.
@Suite(.timeLimit(.minutes(2))) struct JobCommandTests {
    private static let command = Places.product("probe-backend")

    private static func options(_ backend: TestBackend) -> [String] {
        ["--url", backend.url, "--key", TestBackend.adminToken]
    }

    @Test func sendsAJobAndPrintsItsResult() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node, region: "eu")
                async let printed = Oracle.check(
                    Self.command,
                    ["job", "send", "ping", "127.0.0.1", "--region", "eu", "--parameters", #"{"count":2}"#, "--wait"]
                        + Self.options(backend))
                let job = try await node.job()
                #expect(job["parameters"]?["count"] == 2)
                try await node.answer(try #require(job["request_id"]?.string))
                #expect(try JSONValue(parsing: try await printed)["success"] == true)

                let list = try await Oracle.check(Self.command, ["nodes"] + Self.options(backend))
                #expect(list.hasPrefix("\(identity.uuid)\tonline\t"))
                let none = try await Oracle.check(
                    Self.command, ["nodes", "--status", "disabled"] + Self.options(backend))
                #expect(none.isEmpty)
            }
        }
    }

    @Test func saysWhyItFailed() async throws {
        try await TestBackend.with { backend in
            let arguments = ["job", "send", "ping", "a", "--node", "nobody"] + Self.options(backend)
            let result = try await Oracle.run(Self.command, arguments)
            #expect(!result.isSuccess)
            #expect(result.errors.contains("unknown_node"))
            let closed = try await Oracle.run(
                Self.command, ["nodes", "--url", "http://127.0.0.1:1", "--key", "k"])
            #expect(!closed.isSuccess)
            #expect(closed.errors.contains("no answer"))
        }
    }
}
