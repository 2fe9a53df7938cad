import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct AuthenticationTests {
    @Test func acceptsARegisteredNode() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.api.register()
                try await node.connect(backend.webSocketURL)
                try await node.send(
                    identity.authentication.merging(
                        ["capabilities": ["tools": ["ping"], "max_concurrent": 7, "protocol": 1], "more": [1]]))
                let accepted = try await node.message()
                #expect(accepted["status"] == "connected")
                #expect(accepted["node_uuid"]?.string == identity.uuid)
                #expect(accepted["connection_id"]?.string?.isEmpty == false)
                #expect(
                    accepted["reconnect"]
                        == ["min_delay": 1000, "max_delay": 30000, "jitter_factor": 0.1, "initial_delay": 1000])
                let time = try #require(accepted["server_time"]?.string)
                #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
                let listed = try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]
                #expect(listed?["status"] == "online")
                #expect(listed?["max_concurrent"] == 7)
                #expect(listed?["version"] == "1.0.0")
                #expect(listed?["connection_id"] == accepted["connection_id"])
            }
        }
    }

    @Test(arguments: [
        (#"{"node_uuid":"UUID","api_key":"pnode_wrong"}"#, "Authentication failed"),
        (#"{"node_uuid":"00000000-0000-0000-0000-000000000000","api_key":"KEY"}"#, "Authentication failed"),
        (#"{"node_uuid":"UUID\u0000","api_key":"KEY"}"#, "Authentication failed"),
        (#"{"node_uuid":"UUID"}"#, "Invalid authentication format"),
        (#"{"node_uuid":1,"api_key":"KEY"}"#, "Invalid authentication format"),
        (#"{"node_uuid":"UUID","api_key":"KEY","capabilities":{"max_concurrent":0}}"#, "Invalid authentication format"),
        (#"{"node_uuid":"UUID","api_key":"KEY","capabilities":7}"#, "Invalid authentication format"),
        (#"{"type":"heartbeat"}"#, "Invalid authentication format"),
        ("[]", "Invalid authentication format"),
        ("", "Invalid authentication format"),
        ("not json", "Invalid authentication format"),
    ])
    func refusesWithAMessageAndClose1008(_ text: String, _ expected: String) async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.api.register()
                try await node.connect(backend.webSocketURL)
                let text = text.replacing("UUID", with: identity.uuid).replacing("KEY", with: identity.key)
                await node.sendHostile("send", ["text": .string(text)])
                let refusal = try await node.message()
                #expect(refusal["status"] == "error")
                #expect(refusal["message"]?.string == expected)
                #expect(refusal["details"]?.string?.isEmpty == false)
                #expect(refusal["type"] == nil)
                #expect(try await node.closed().code == 1008)
            }
        }
    }

    @Test func refusesWhoSaysNothingForTenSeconds() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            try await FakeNode.with { node in
                try await node.connect(backend.webSocketURL)
                // The expiry loop, and the watchdog of this connection.
                await time.sleepers(3)
                time.advance(by: .seconds(10))
                #expect(try await node.message()["message"] == "Authentication failed")
                #expect(try await node.closed().code == 1008)
            }
        }
    }

    @Test func pingsAndDropsASilentPeer() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                await time.sleepers(3)
                time.advance(by: .seconds(10))
                await time.sleepers(3)
                time.advance(by: .seconds(20))
                _ = try await node.events.next("ping") { $0["event"] == "ping" }
                // Answered after the pong: the backend has taken both.
                try await node.send(["type": "ping"])
                _ = try await node.message { $0["type"] == "pong" }
                // From now on no pong comes back.
                try await node.command("pause")
                for _ in 0..<3 {
                    await time.sleepers(3)
                    time.advance(by: .seconds(20))
                }
                try await backend.api.waitForNode("offline")
                try await node.command("resume")
                #expect(try await node.closed().code == 1006)
            }
        }
    }

    @Test func speaksTLS() async throws {
        let certificates = try await TestCertificates.shared()
        try await TestBackend.with(certificate: certificates.good) { backend in
            var api = backend.api
            api.certificateAuthority = certificates.authority
            #expect(try await api.get("/healthz").status == 200)
            let identity = try await api.register()
            try await FakeNode.with { node in
                try await node.connect(backend.webSocketURL, certificateAuthority: certificates.authority)
                try await node.send(identity.authentication)
                #expect(try await node.message()["status"] == "connected")
            }
        }
    }
}
