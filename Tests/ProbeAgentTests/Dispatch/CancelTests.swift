import Foundation
import ProbeNative
import ProbeProtocol
import ProbeTesting
import Testing

@testable import ProbeAgent

/// `cancel_job` with real sockets: the peer sees its connection end.
@Suite(.timeLimit(.minutes(1))) struct CancelTests {
    @Test func thePeerSeesItsConnectionClosedAndOneAnswerComes() async throws {
        let peer = try await PythonPeer.http()
        let engine = try Engine(registry: ToolRegistry([HTTPTool()]))
        defer { engine.stop() }
        let outbox = Outbox(time: engine.time)
        let dispatcher = Dispatcher(engine: engine, sink: outbox, slots: 4, queueLimit: 4, logger: .silent)
        for number in 1...20 {
            let id = "r\(number)"
            dispatcher.receive(
                JobMessage(
                    requestID: id, tool: "http", target: "http://127.0.0.1:\(peer.port("silent"))/", timeout: 600),
                at: engine.time.now)
            _ = try await peer.events.next("connection") { $0["event"] == "silent" && $0["open"] == 1 }
            for _ in 0..<3 { dispatcher.cancel(requestID: id) }
            _ = try await peer.events.next("its end") { $0["event"] == "silent" && $0["open"] == 0 }
            await dispatcher.idle()
        }
        outbox.open {}
        let answers = try outbox.pull(atMost: 1 << 30).map { entry in
            try JSONValue(parsing: String(decoding: entry.bytes, as: UTF8.self))
        }
        #expect(answers.map { $0["request_id"]?.string } == (1...20).map { "r\($0)" })
        #expect(answers.allSatisfy { $0["result"]?["error_code"] == "cancelled" && $0["success"] == false })
        await peer.stop()
    }
}
