import ProbeTesting
import Testing

/// The peer is tested against a WebSocket client that is not ours either: curl.
@Suite struct FakeControllerTests {
    private func upgrade(_ controller: FakeController, _ more: [String] = []) async throws -> Oracle.Result {
        try await Oracle.run(
            "curl",
            [
                "-sS", "-i", "--http1.1", "--max-time", "5", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
                "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
            ] + more + ["\(controller.url)/ws/node"])
    }

    @Test func upgradesAndCloses() async throws {
        try await FakeController.with { controller in
            async let answer = upgrade(controller)
            let event = try await controller.next("connected")
            #expect(event["path"] == "/ws/node")
            try await controller.abort()
            #expect(try await answer.output.hasPrefix("HTTP/1.1 101 "))
            #expect(try await controller.next("closed")["clean"] == false)
        }
    }

    @Test func rejectsAsThePolicySays() async throws {
        try await FakeController.with { controller in
            try await controller.policy(["handshake": "reject", "status": 503, "headers": ["Retry-After": "2"]])
            let answer = try await upgrade(controller)
            #expect(answer.lines.first?.hasPrefix("HTTP/1.1 503 ") == true)
            #expect(answer.output.contains("Retry-After: 2"))
            try await controller.policy(["handshake": "garbage"])
            #expect(try await upgrade(controller).status == .code(1))
            await #expect(throws: FakeController.Refused.self) { try await controller.policy(["nonsense": true]) }
            await #expect(throws: FakeController.Refused.self) { try await controller.ping() }
        }
    }
}
