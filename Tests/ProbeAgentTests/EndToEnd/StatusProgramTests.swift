import Foundation
import ProbeTesting
import Testing

/// `probe-agent status` against the built, hardened node.
struct StatusProgramTests {
    @Test(arguments: NodeIdentity.available) func theNodeTells(_ identity: NodeIdentity) async throws {
        let folder = try TemporaryFolder("status", mode: 0o777)
        // The umask must not close it to the other user.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let socket = ["--control-socket", folder.file("s")]
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, socket, as: identity) { _ in
                try await controller.sendJob("1", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                _ = try await controller.response(to: "1")
                try await Self.ask(["--ready"] + socket, says: "The node is connected to \(controller.url).", 0)
                let status = try JSONValue(parsing: try await Self.status(["--json"] + socket).output)
                #expect(status["state"] == "connected" && status["ready"] == true && status["live"] == true)
                #expect(status["jobs"]?["executed"]?.int == 1 && status["jobs"]?["in_flight"]?.int == 0)
                #expect(status["connection"]?["reconnects"]?.int == 0)
                #expect(status["hardening"]?["seccomp"]?.string?.hasPrefix("on") == true)
                #expect(status["node_uuid"] == "5f0c7f4e-7f0b-4d5b-9a51-0a2f6a1f3c11")
                #expect(!status.text.contains("pnode_test"), "the key is nobody's business")
                let page = try await Self.status(socket).output
                #expect(page.contains("connected") && page.contains("backend     \(controller.url)"), "\(page)")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("s")))
        try await Self.ask(
            ["--live"] + socket, says: "No node runs here: there is no socket \(folder.file("s")).", 1)
    }

    /// Without its backend the node is not ready, but lives: nobody should start it anew for that.
    @Test func anAbsentBackendIsNoReasonToRestart() async throws {
        let folder = try TemporaryFolder("status")
        let state = ["--state-dir", folder.file("state")]
        let controller = try await FakeController.start()
        let node = try await NodeProcess.start(
            controller, command: [NodeProcess.program] + NodeProcess.arguments(controller, state))
        try await Self.ask(["--ready"] + state, says: "The node is connected to \(controller.url).", 0)
        await controller.stop()
        // Until the node has noticed.
        while try await Self.status(["--ready"] + state).status == .code(0) {}
        try await Self.ask(["--live"] + state, says: "The node serves.", 0)
        let answer = try await Self.status(["--ready"] + state)
        #expect(answer.errors.hasPrefix("probe-agent: The node is not connected to its backend: "), "\(answer)")
        let status = try JSONValue(parsing: try await Self.status(["--json"] + state).output)
        #expect(status["state"] == "connecting" && status["connection"]?["last_failure"]?["reason"]?.string != nil)
        #expect(status["problems"]?.array?.contains { $0["event"] == "session.ended" } == true)
        node.process.send(signal: SIGKILL)
        _ = try await node.process.exit()
        let sentence = "No node runs here any more: nobody serves the socket \(folder.file("state/control.sock"))."
        try await Self.ask(state, says: sentence, 1)
    }

    @Test func withoutAPlaceThereIsASentence() async throws {
        try await Self.ask(
            ["--control-socket", "none"],
            says: "Where the node's control socket is, nothing says: give --state-dir DIR as the node has it, or "
                + "--control-socket PATH.", 1)
    }

    // MARK: -

    static func status(_ flags: [String]) async throws -> Oracle.Result {
        try await Oracle.run(NodeProcess.program, ["status"] + flags)
    }

    private static func ask(_ flags: [String], says sentence: String, _ code: Int32) async throws {
        let result = try await status(flags)
        let said = code == 0 ? result.output : result.errors
        #expect(said.hasSuffix(sentence + "\n") || said.hasSuffix(sentence), "\(result)")
        #expect(result.status == .code(code))
    }
}
