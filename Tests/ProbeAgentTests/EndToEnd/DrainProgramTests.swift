import Foundation
import ProbeTesting
import Testing

/// `probe-agent drain` against the built node.
struct DrainProgramTests {
    @Test func everyJobIsAnsweredAndTheNodeEnds() async throws {
        let folder = try TemporaryFolder("drain")
        let peer = try HeldPeer()
        let socket = ["--control-socket", folder.file("s")]
        try await FakeController.with { controller in
            let node = try await NodeProcess.start(
                controller,
                command: [NodeProcess.program]
                    + NodeProcess.arguments(controller, ["--max-concurrent", "1", "--heartbeat", "1h"] + socket))
            try await controller.sendJob(
                "running", tool: "tcp", target: "127.0.0.1", parameters: peer.parameters, extra: ["timeout": 60])
            let held = try await peer.arrival()
            try await controller.sendJob("queued", tool: "ping", target: "127.0.0.1")
            // Behind the job in the same connection: it has been taken when the pong is here.
            try await controller.sendJob("bad", tool: "no_such_tool", target: "x")
            _ = try await controller.response(to: "bad")

            let drain = try ChildProcess.start([NodeProcess.program, "drain", "--wait"] + socket)
            let first = try await drain.output.next("progress")
            #expect(first.hasPrefix("The node takes no more jobs. Left: "), "\(first)")
            #expect(try await controller.response(to: "queued")["result"]?["error_code"] == "shutting_down")
            let beat = try await controller.nextMessage(type: "heartbeat") { $0["state"] == "draining" }
            #expect(beat["in_flight"]?.int == 1)
            try await controller.sendJob("late", tool: "ping", target: "127.0.0.1")
            #expect(try await controller.response(to: "late")["result"]?["error_code"] == "shutting_down")
            let ready = try await StatusProgramTests.status(["--ready"] + socket)
            #expect(ready.status == .code(1) && ready.errors.contains("takes no more jobs"), "\(ready)")
            #expect(try await StatusProgramTests.status(["--live"] + socket).status == .code(0))

            peer.release(held)
            let answer = try await controller.response(to: "running")
            #expect(answer["result"]?["success"] == true, "\(answer.text)")
            #expect(try await controller.next("closed")["code"]?.int == 1000)
            #expect(try await node.process.exit(within: .seconds(60)) == .code(0))
            #expect(try await drain.exit(within: .seconds(60)) == .code(0))
            #expect(drain.output.pending.last == "The node has ended.")
        }
    }

    /// With no time at all, what runs is cut, and answered.
    @Test func aDrainHasItsLimit() async throws {
        let folder = try TemporaryFolder("drain")
        let peer = try HeldPeer()
        let socket = ["--control-socket", folder.file("s")]
        try await FakeController.with { controller in
            let node = try await NodeProcess.start(
                controller, command: [NodeProcess.program] + NodeProcess.arguments(controller, socket))
            try await controller.sendJob(
                "running", tool: "tcp", target: "127.0.0.1", parameters: peer.parameters, extra: ["timeout": 60])
            let held = try await peer.arrival()
            let drain = try await Oracle.run(NodeProcess.program, ["drain", "--timeout", "0"] + socket)
            #expect(drain.isSuccess, "\(drain)")
            let answer = try await controller.response(to: "running")
            #expect(answer["result"]?["error_code"] == "shutting_down", "\(answer.text)")
            #expect(try await node.process.exit(within: .seconds(60)) == .code(0))
            peer.release(held)
        }
    }
}
