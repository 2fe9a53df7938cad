import Foundation
import ProbeTesting
import Testing

/// The built node with `--state-dir`: killed, started twice, stopped without its backend.
@Suite struct StateDirectoryProgramTests {
    private let path = FileManager.default.temporaryDirectory.path + "/state-\(UUID().uuidString)"

    /// What the backend has seen and not acknowledged comes again from each next life, whenever the last one was killed.
    @Test(.timeLimit(.minutes(5)))
    func aKilledNodeLosesNoResult() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = FuzzGenerator(seed: 7)
        var seen: [String] = []
        try await FakeController.with { controller in
            try await controller.policy(["acknowledge": false])
            for round in 0..<4 {
                let node = try await start(controller)
                for id in seen { #expect(try await next(controller) == id, "first what is left, in order") }
                for number in 0..<30 {
                    try await controller.sendJob("r\(round)-\(number)", tool: "no_such_tool", target: "x")
                }
                for _ in 0..<Int.random(in: 1...30, using: &random) { seen.append(try await next(controller)) }
                await node.process.stop(signal: SIGKILL)
                _ = try await controller.next("closed")
                // What it sent before it died counts as seen; what it wrote and did not send may come as well.
                for event in controller.events.pending {
                    guard let id = event.message?["request_id"]?.string else { continue }
                    seen.append(id)
                    _ = try await next(controller)
                }
                seen += try await leftovers(after: seen, controller)
            }
            try await controller.policy(["acknowledge": true])
            let node = try await start(controller)
            for id in seen { #expect(try await next(controller) == id) }
            node.process.send(signal: SIGTERM)
            #expect(try await node.process.exit(within: .seconds(60)) == .code(0))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/outbox").isEmpty)
        }
    }

    @Test func aJobWhoseAnswerWasKeptIsNotRunAgain() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await FakeController.with { controller in
            try await controller.policy(["acknowledge": false])
            let first = try await start(controller)
            try await controller.sendJob("r", tool: "no_such_tool", target: "x")
            let answer = try await controller.response(to: "r")
            await first.process.stop(signal: SIGKILL)
            let second = try await start(controller)
            #expect(try await controller.response(to: "r") == answer)
            try await controller.sendJob("r", tool: "no_such_tool", target: "another")
            #expect(try await controller.response(to: "r") == answer)
            try await controller.policy(["acknowledge": true])
            await second.process.stop()
        }
    }

    @Test func aSecondNodeIsRefused() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await FakeController.with { controller in
            let first = try await start(controller)
            let second = try ChildProcess.start(command(controller))
            #expect(try await second.exit() == .code(78))
            let line = try await second.errors.next("sentence")
            #expect(line.contains("is in use by another process"), "\(line)")
            await first.process.stop()
        }
    }

    /// What cannot be delivered at the end is kept, and the log does not call it lost.
    @Test func aStopWithoutABackendKeepsResults() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await FakeController.with { controller in
            try await controller.policy(["acknowledge": false])
            let first = try await start(controller)
            try await controller.sendJob("b", tool: "no_such_tool", target: "x")
            _ = try await controller.response(to: "b")
            first.process.send(signal: SIGTERM)
            #expect(try await first.process.exit(within: .seconds(60)) == .code(0))
            let log = first.process.errors.pending.joined(separator: "\n")
            #expect(log.contains("agent.results_kept") && !log.contains("agent.results_lost"), "\(log)")
            try await controller.policy(["acknowledge": true])
            let second = try await start(controller)
            #expect(try await controller.response(to: "b")["request_id"] == "b")
            await second.process.stop()
        }
    }

    // MARK: -

    private func command(_ controller: FakeController) -> [String] {
        [NodeProcess.program] + NodeProcess.arguments(controller, ["--state-dir", path])
    }

    private func start(_ controller: FakeController) async throws -> NodeProcess {
        let node = try await NodeProcess.start(controller, command: command(controller))
        // From a backend that acknowledges, though not these: else a pong settles them on a slow machine.
        try await controller.send(["type": "result_received", "request_id": "another"])
        return node
    }

    /// The identifier of the next answer.
    private func next(_ controller: FakeController) async throws -> String {
        try await controller.nextMessage(type: "diagnostic_response")["request_id"]?.string ?? ""
    }

    /// What was written and not sent before the kill: found out by a life that takes no jobs.
    private func leftovers(after seen: [String], _ controller: FakeController) async throws -> [String] {
        let node = try await start(controller)
        for id in seen { #expect(try await next(controller) == id) }
        // A job of our own is behind all that is left.
        try await controller.sendJob("end-\(seen.count)", tool: "no_such_tool", target: "x")
        var more: [String] = []
        repeat { more.append(try await next(controller)) } while more.last?.hasPrefix("end-") != true
        await node.process.stop(signal: SIGKILL)
        _ = try await controller.next("closed")
        return more
    }
}
