import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// What a node leaves behind when it ends, fails, or never ran.
@Suite(.timeLimit(.minutes(3))) struct NodeLifetimeTests {
    private static func configuration(_ backend: String) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            backend: backend, nodeUUID: "11111111-2222-3333-4444-555555555555", apiKey: Secret("pnode_key"))
        configuration.reconnect.initial = .milliseconds(50)
        return configuration
    }

    /// One that is no history any more behind its header, which is what is looked at before.
    private static func damagedHistory(_ folder: TemporaryFolder) throws -> String {
        let path = folder.file("history.db")
        try HistoryStore(path).close()
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 100)
        try file.write(contentsOf: Data(repeating: 0xff, count: 3000))
        try file.close()
        return path
    }

    @Test func anOutputThatCannotBeOpenedEndsTheNode() async throws {
        let folder = try TemporaryFolder()
        let history = try Self.damagedHistory(folder)
        let file = try folder.write(
            "checks: [{tool: ping, target: 127.0.0.1}]\noutputs: [{sqlite: {file: \(history)}}]\n", to: "checks.yaml")
        try await FakeController.with { controller in
            var configuration = Self.configuration(controller.url)
            configuration.watchFile = file
            let node = try ProbeNode(configuration, logger: .silent)
            let error = await #expect(throws: ConfigurationError.self) { try await node.run() }
            #expect(error?.description.contains("history.db cannot be opened") == true, "\(String(describing: error))")
        }
    }

    @Test func aReloadedDenialIsForItsOwnChecksToo() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "checks: [{tool: tcp, target: 127.0.0.1, every: 1s, parameters: {port: \(FreePorts.closed())}}]\n",
            to: "checks.yaml")
        try await FakeController.with { controller in
            var configuration = Self.configuration(controller.url)
            configuration.watchFile = file
            let node = try ProbeNode(configuration, logger: .silent)
            let events = node.events()
            node.start()
            var codes: [String] = []
            for await event in events {
                guard case .watch(.result(let result)) = event else { continue }
                let code = result.result.outcome.failure?.code.rawValue ?? "ok"
                if codes.last != code { codes.append(code) }
                if codes == ["connection_refused"] {
                    configuration.policy.deny = [try #require(PolicyRule("127.0.0.1", tools: []))]
                    node.reload(configuration)
                }
                if codes.count == 2 { break }
            }
            #expect(codes == ["connection_refused", "policy_denied"])
            try await node.stop()
        }
    }

    @Test func aNodeRunsOnceAndASecondAttemptDoesNotDisturbIt() async throws {
        try await FakeController.with { controller in
            let node = try ProbeNode(Self.configuration(controller.url), logger: .silent)
            node.start()
            _ = try await controller.next("authentication")
            node.start()
            await #expect(throws: ConfigurationError.self) { try await node.run() }
            try await controller.sendJob("a", tool: "nonsense", target: "x.example")
            #expect(try await controller.response(to: "a")["result"]?["error_code"]?.string == "unknown_tool")
            try await node.stop()
            #expect(try await controller.next("closed")["code"]?.int == 1000)
        }
    }

    /// Its threads, sockets and folder are the next one's, also while somebody still holds it.
    @Test func aNodeThatEndedLeavesNothing() async throws {
        let folder = try TemporaryFolder()
        try await FakeController.with { controller in
            var configuration = Self.configuration(controller.url)
            configuration.stateDirectory = folder.file("state")
            let first = try ProbeNode(configuration, logger: .silent)
            first.start()
            _ = try await controller.next("authentication")
            try await first.stop()
            var second: ProbeNode? = try ProbeNode(configuration, logger: .silent)
            second?.start()
            _ = try await controller.next("authentication")
            try await second?.stop()
            weak let reactors = second?.metrics.reactors
            second = nil
            let end = ContinuousClock.now + .seconds(30)
            while reactors != nil {
                try #require(ContinuousClock.now < end, "the engine is held")
                await Task.yield()
            }
            withExtendedLifetime(first) {}
        }
    }

    @Test func whoeverListensToANodeThatNeverRanHearsItsEnd() async throws {
        var node: ProbeNode? = try ProbeNode(Self.configuration("http://127.0.0.1:9"), logger: .silent)
        let events = try #require(node?.events())
        node = nil
        for await event in events { Issue.record("\(event)") }
    }
}
