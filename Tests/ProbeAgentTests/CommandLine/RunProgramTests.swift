import Foundation
import ProbeTesting
import Testing

/// The node as a process: what its settings do, what its signals do, what it says.
struct RunProgramTests {
    private static let key = "pnode_5ecret-key-of-the-test"

    private func start(
        _ controller: FakeController, _ words: [String] = [], _ variables: [String: String] = [:]
    ) async throws -> (process: ChildProcess, authentication: JSONValue) {
        let environment = ["PATH": "/usr/bin:/bin"].merging(variables) { $1 }
        let process = try ChildProcess.start(Places.product("probe-agent"), words, environment: environment)
        do {
            let authentication = try #require(try await controller.next("authentication").message)
            // The first thing that it says once it is connected.
            _ = try await controller.nextMessage(type: "heartbeat")
            return (process, authentication)
        } catch {
            await process.stop()
            throw error
        }
    }

    @Test func settingsOfEverySourceReachTheBackend() async throws {
        let folder = try TemporaryFolder()
        let keyFile = try folder.write(" from-a-file\n", to: "key")
        let file = try folder.write("uuid: from-the-file\nmax_concurrent: 7\nhostname: not-this\n", to: "node.yaml")
        try await FakeController.with { controller in
            let (process, authentication) = try await start(
                controller, ["--config", file, "--key-file", keyFile],
                ["PROBEOPS_BACKEND_URL": controller.url, "PROBEOPS_HOSTNAME": "from-a-variable"])
            #expect(authentication["node_uuid"]?.string == "from-the-file")
            #expect(authentication["api_key"]?.string == "from-a-file")
            #expect(authentication["hostname"]?.string == "from-a-variable")
            #expect(authentication["capabilities"]?["max_concurrent"]?.int == 7)
            #expect(await process.stop(signal: SIGTERM, patience: .seconds(15)) == .code(0))
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func stopsGracefully(signal: Int32) async throws {
        try await FakeController.with { controller in
            let (process, _) = try await start(
                controller, ["--backend", controller.url, "--uuid", "n", "--key", Self.key])
            process.send(signal: signal)
            #expect(try await process.exit(within: .seconds(60)) == .code(0))
            #expect(try await controller.next("closed")["code"]?.int == 1000)
        }
    }

    @Test func aSecondInterruptDoesNotWait() async throws {
        let peer = try await PythonPeer.http()
        try await FakeController.with { controller in
            let (process, _) = try await start(
                controller,
                ["--backend", controller.url, "--uuid", "n", "--key", Self.key, "--allow", "127.0.0.0/8"])
            try await controller.sendJob("1", tool: "http", target: "http://127.0.0.1:\(peer.port("silent"))/")
            _ = try await peer.events.next("connection") { ($0["open"]?.int ?? 0) > 0 }
            process.send(signal: SIGINT)
            _ = try await process.errors.next("stopping") { $0.contains("agent.stopping") }
            process.send(signal: SIGINT)
            #expect(try await process.exit(within: .seconds(30)) == .code(130))
        }
        await peer.stop()
    }

    @Test func theKeyIsNotInTheMostDetailedLog() async throws {
        try await FakeController.with { controller in
            let (process, authentication) = try await start(
                controller,
                ["--backend", controller.url, "--uuid", "visible-uuid", "--key", Self.key, "--log-level", "trace"])
            #expect(authentication["api_key"]?.string == Self.key)
            try await controller.sendJob("1", tool: "nothing", target: "127.0.0.1")
            _ = try await controller.response(to: "1")
            #expect(await process.stop(signal: SIGTERM, patience: .seconds(15)) == .code(0))
            try await process.errors.finished()
            let log = process.errors.pending.joined(separator: "\n")
            #expect(log.contains("visible-uuid") && !log.contains("5ecret"), "\(log)")
            #expect(log.contains("--key-file"), "the hint is missing")
        }
    }

    @Test func aFileWithoutCertificatesIsAWrongConfiguration() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("no certificate\n", to: "ca.pem")
        let result = try await UsageProgramTests.run([
            "--backend", "https://localhost:1", "--uuid", "n", "--key", Self.key, "--ca-file", file,
        ])
        #expect(result.status == .code(78))
        #expect(result.errors.contains(file), "\(result.errors)")
    }
}
