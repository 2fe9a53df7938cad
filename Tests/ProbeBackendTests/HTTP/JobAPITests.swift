import Foundation
import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct JobAPITests {
    @Test func waitHoldsTheAnswerUntilTheResult() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                async let held = backend.api.post(
                    "/api/v1/jobs", ["tool": "ping", "target": "127.0.0.1", "wait": 60, "request_id": "held"])
                _ = try await node.job()
                try await node.answer("held")
                let answer = try await held
                #expect(answer.status == 200)
                #expect(answer.body["state"] == "done")
                #expect(answer.body["result"]?["target"] == "127.0.0.1")
            }
        }
    }

    @Test func waitEndsWithItsTime() async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.post(
                "/api/v1/jobs?wait=0.1", [["tool": "ping", "target": "a"], ["tool": "dns", "target": "b"]])
            #expect(answer.status == 202)
            #expect(answer.body["jobs"]?[0]?["target"] == "a")
            #expect(answer.body["jobs"]?[1]?["state"] == "queued")
            #expect(answer.body["jobs"]?[1]?["result"] == .null)
            #expect(answer.body["jobs"]?[1]?["sent_at"] == .null)
        }
    }

    @Test func waitSeesAnExpiredJob() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            async let held = backend.api.post("/api/v1/jobs?wait=60", ["tool": "ping", "target": "a", "expires_in": 2])
            // The expiry loop, retention and the wait.
            for _ in 0..<2 {
                await time.sleepers(3)
                time.advance(by: .seconds(1))
            }
            let answer = try await held
            #expect(answer.status == 200)
            #expect(answer.body["state"] == "expired")
        }
    }

    @Test func shutdownEndsAWait() async throws {
        try await TestBackend.with { backend in
            async let held = backend.api.post(
                "/api/v1/jobs?wait=60", ["tool": "ping", "target": "a", "request_id": "held"])
            while try await backend.store.jobs(["held"]).isEmpty { await Task.yield() }
            await backend.stop()
            #expect(try await held.status == 202)
        }
    }

    @Test func numbersInResultsAndParametersStayAsTheyCame() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let text =
                    #"{"tool":"x","target":"y","request_id":"r","parameters":{"a":1.0,"big":12345678901234567890123}}"#
                _ = try await backend.api.call("POST", "/api/v1/jobs", body: text)
                _ = try await node.job()
                try await node.command(
                    "send",
                    [
                        "text":
                            #"{"type":"diagnostic_response","request_id":"r","success":true,"result":{"n":1.50,"m":1e400}}"#
                    ])
                _ = try await node.acknowledgement(of: "r")
                let stored = try await Oracle.check(
                    "curl",
                    [
                        "-sS", "-H", "Authorization: Bearer \(TestBackend.adminToken)",
                        "\(backend.url)/api/v1/jobs/r",
                    ])
                #expect(stored.contains(#""parameters":{"a":1.0,"big":12345678901234567890123}"#))
                #expect(stored.contains(#""result":{"n":1.50,"m":1e400}"#))
            }
        }
    }

    @Test func aListIsStoredAllOrNone() async throws {
        try await TestBackend.with { backend in
            try await backend.api.post(job: ["request_id": "taken"])
            let list: JSONValue = [
                ["tool": "ping", "target": "a", "request_id": "new"],
                ["tool": "ping", "target": "a", "request_id": "taken"],
            ]
            let answer = try await backend.api.post("/api/v1/jobs", list)
            #expect(answer.status == 409)
            #expect(answer.code == "duplicate_request_id")
            #expect(try await backend.api.get("/api/v1/jobs/new").status == 404)
        }
    }

    @Test func cancelsOnce() async throws {
        try await TestBackend.with { backend in
            let id = try await backend.api.post()
            #expect(try await backend.api.delete("/api/v1/jobs/\(id)").body["state"] == "cancelled")
            let again = try await backend.api.delete("/api/v1/jobs/\(id)")
            #expect(again.status == 409)
            #expect(again.code == "job_finished")
            #expect(try await backend.api.delete("/api/v1/jobs/nothing").status == 404)
        }
    }
}
