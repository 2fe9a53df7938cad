import Foundation
import ProbeTesting

/// A node from outside this project (Tests/Peers/node.py, Python's websockets), told by the test what to do.
final class FakeNode: Sendable {
    let events = EventLog<JSONValue>()
    private let process: ChildProcess
    private let answers = EventLog<JSONValue>()

    /// A node for the length of `body`.
    static func with(_ body: (FakeNode) async throws -> Void) async throws {
        let node = FakeNode(try ChildProcess.start("/usr/bin/python3", [Places.testFile("Peers/node.py")]))
        do {
            try await body(node)
            await node.process.stop(signal: SIGKILL)
        } catch {
            await node.process.stop(signal: SIGKILL)
            throw error
        }
    }

    private init(_ process: ChildProcess) {
        self.process = process
        Task { [events, answers] in
            while let line = try? await process.output.next(within: .seconds(86_400)) {
                guard let event = try? JSONValue(parsing: line) else { continue }
                (event["event"] == "done" || event["event"] == "failed" ? answers : events).append(event)
            }
            events.finish()
            answers.finish()
        }
    }

    /// Any command of node.py; returns once it has taken effect.
    func command(_ name: String, _ fields: JSONValue = [:], on connection: Int? = nil) async throws {
        let id = UUID().uuidString
        var command = fields.merging(["cmd": .string(name), "id": .string(id)])
        if let connection { command = command.merging(["connection": .number(Double(connection))]) }
        process.write(line: command.text)
        let answer = try await answers.next("answer to \(name)") { $0["id"]?.string == id }
        guard answer["event"] == "done" else { throw Unexpected(answer) }
    }

    func connect(_ url: String, certificateAuthority: String? = nil) async throws {
        var fields: JSONValue = ["url": .string(url)]
        if let certificateAuthority { fields = fields.merging(["ca": .string(certificateAuthority)]) }
        try await command("connect", fields)
    }

    func send(_ message: JSONValue, on connection: Int? = nil) async throws {
        try await command("send", ["message": message], on: connection)
    }

    /// The frame may end the connection while it is being sent, so its own success says nothing.
    func sendHostile(_ name: String, _ fields: JSONValue) async { try? await command(name, fields) }

    /// The next message that matches.
    func message(
        on connection: Int? = nil, within limit: Duration = .seconds(30),
        where matches: @escaping @Sendable (JSONValue) -> Bool = { _ in true }
    ) async throws -> JSONValue {
        let event = try await events.next("message", within: limit) { event in
            event["event"] == "message" && event["message"].map(matches) == true
                && (connection == nil || event["connection"]?.int == connection)
        }
        return event["message"] ?? .null
    }

    func job(on connection: Int? = nil) async throws -> JSONValue {
        try await message(on: connection) { $0["type"] == "diagnostic_job" }
    }

    func answer(_ requestID: String, _ more: JSONValue = [:], on connection: Int? = nil) async throws {
        let answer: JSONValue = [
            "type": "diagnostic_response", "request_id": .string(requestID), "success": true,
            "execution_time": 0.25, "result": ["success": true, "target": "127.0.0.1"],
        ]
        try await send(answer.merging(more), on: connection)
    }

    func acknowledgement(of requestID: String, on connection: Int? = nil) async throws -> JSONValue {
        try await message(on: connection) { $0["request_id"]?.string == requestID && $0["type"] == "result_received" }
    }

    /// The close code of a connection that ends.
    func closed(_ connection: Int = 1) async throws -> (code: Int?, reason: String?) {
        let event = try await events.next("closed") { event in
            event["event"] == "closed" && event["connection"]?.int == connection
        }
        return (event["code"]?.int, event["reason"]?.string)
    }

    func tally() async throws -> JSONValue {
        try await command("tally")
        return try await events.next("tally") { $0["event"] == "tally" }
    }
}
