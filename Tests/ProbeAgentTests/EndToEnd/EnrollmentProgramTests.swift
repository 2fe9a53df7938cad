import Foundation
import Glibc
import ProbeTesting
import Testing

/// The node's first start with a registration token, and its start with a configuration token.
@Suite(.timeLimit(.minutes(3))) struct EnrollmentProgramTests {
    private let folder: TemporaryFolder
    private var state: String { folder.file("state") }

    init() throws { folder = try TemporaryFolder() }

    private func start(_ backend: String, _ variables: [String: String]) throws -> ChildProcess {
        try ChildProcess.start(
            NodeProcess.program,
            [
                "run", "--backend", backend, "--state-dir", state, "--reconnect-initial", "0.1", "--reconnect-max",
                "0.5",
            ], environment: variables.merging(["PATH": "/bin"]) { $1 })
    }

    /// Hardened, with its backend not ready at first; it then goes on to connect, which this backend does not take.
    @Test func aNodeRegistersBeforeItConnectsAndOnlyOnce() async throws {
        let peer = try await PythonPeer.registration()
        let backend = "http://127.0.0.1:\(peer.port())/busy"
        let node = try start(backend, ["PROBEOPS_REGISTRATION_TOKEN": "pnrt_5ecret"])
        _ = try await node.errors.next("registered") { $0.contains("agent.registered") }
        let ended = try await node.errors.next("an attempt") { $0.contains("session.ended") }
        #expect(ended.contains("instead of opening a WebSocket"), "\(ended)")
        // By the same socket as before, but now it is the node at work that answers.
        #expect(try await status()["node_uuid"] == "0b8e6f6f-2c11-4c0f-9a51-6f1c2a340d0e")
        node.send(signal: SIGTERM)
        #expect(try await node.exit(within: .seconds(60)) == .code(0))
        #expect(peer.events.pending.count == 3)
        let log = node.errors.pending.joined(separator: "\n")
        #expect(!log.contains("5ecret"), "\(log)")
        // With its identity, whatever becomes of the token.
        let again = try start(backend, ["PROBEOPS_REGISTRATION_TOKEN_FILE": folder.file("gone")])
        _ = try await again.errors.next("an attempt") { $0.contains("session.ended") }
        await again.stop()
        #expect(peer.events.pending.count == 3)
        await peer.stop()
    }

    /// A service manager must not try this again and again: 78, as for every wrong setting.
    @Test func aTokenThatIsNotTakenEndsTheNode() async throws {
        let peer = try await PythonPeer.registration()
        let node = try start("http://127.0.0.1:\(peer.port())/used", ["PROBEOPS_REGISTRATION_TOKEN": "pnrt_x"])
        #expect(try await node.exit(within: .seconds(60)) == .code(78))
        let line = try await node.errors.next("reason") { $0.contains("agent.not_registered") }
        #expect(line.contains("does not take the registration token"), "\(line)")
        await peer.stop()
    }

    private func status() async throws -> JSONValue {
        try JSONValue(parsing: try await StatusProgramTests.status(["--json", "--state-dir", state]).output)
    }

    /// Whoever looks after the node must not start it anew for that.
    @Test func aNodeThatWaitsForItsBackendAnswersAndEndsWhenTold() async throws {
        let node = try start("http://127.0.0.1:1", ["PROBEOPS_REGISTRATION_TOKEN": "pnrt_5ecret"])
        _ = try await node.errors.next("an attempt") { $0.contains("agent.registration_failed") }
        let place = ["--state-dir", state]
        #expect(try await StatusProgramTests.status(["--live"] + place).status == .code(0))
        let ready = try await StatusProgramTests.status(["--ready"] + place)
        #expect(ready.status == .code(1))
        #expect(
            ready.errors.contains("The node is not registered yet: ") && ready.errors.contains("refused"), "\(ready)")
        let status = try await status()
        #expect(status["state"] == "registering" && status["live"] == true && status["ready"] == false)
        #expect(status["connection"]?["last_failure"]?["reason"]?.string?.contains("refused") == true)
        #expect(status["problems"]?[0]?["event"] == "agent.registration_failed")
        #expect(!status.text.contains("5ecret"))
        let page = try await StatusProgramTests.status(place)
        #expect(page.output.contains("  node -  up ") && page.output.contains("registering"), "\(page)")

        let drain = try await Oracle.run(NodeProcess.program, ["drain", "--wait"] + place)
        #expect(drain.output.hasSuffix("Left: 0 running, 0 results to deliver.\nThe node has ended.\n"), "\(drain)")
        #expect(try await node.exit(within: .seconds(60)) == .code(0))
        #expect(!FileManager.default.fileExists(atPath: state + "/identity.json"))
        #expect(!FileManager.default.fileExists(atPath: state + "/control.sock"))
    }

    @Test func aNodeThatWaitsForItsBackendStopsAtOnce() async throws {
        let node = try start("http://127.0.0.1:1", ["PROBEOPS_REGISTRATION_TOKEN": "pnrt_x"])
        _ = try await node.errors.next("an attempt") { $0.contains("agent.registration_failed") }
        node.send(signal: SIGTERM)
        #expect(try await node.exit(within: .seconds(60)) == .code(0))
    }

    @Test func aConfigurationTokenIsEnough() async throws {
        try await FakeController.with { controller in
            let claims = #"{"NODE_UUID":"node-1","API_KEY":"pnode_5ecret","BACKEND_URL":"\#(controller.url)"}"#
            let token = "e30.\(ConfigTokenTests.encoded(claims)).c2ln"
            let node = try ChildProcess.start(
                NodeProcess.program, ["run"], environment: ["PATH": "/bin", "PROBEOPS_TOKEN": token])
            let sent = try await controller.next("authentication")
            #expect(sent.message?["node_uuid"] == "node-1" && sent.message?["api_key"] == "pnode_5ecret")
            let environment = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(node.pid)/environ"))
            #expect(!String(decoding: environment, as: UTF8.self).contains(token))
            await node.stop()
        }
    }
}
