import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct MeasurementAPITests {
    private static let ping: JSONValue = ["tool": "ping", "target": "127.0.0.1"]

    @Test func allConnectedNodesMeasureAndAreCompared() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let first = try await backend.connect(node)
                let second = try await backend.connect(node)
                async let held = backend.api.post(
                    "/api/v1/measurements", Self.ping.merging(["count": "all", "wait": 60]))
                for (connection, average) in [(1, 10.0), (2, 30.0)] {
                    let id = try await node.job(on: connection)["request_id"]?.string
                    try await node.answer(
                        try #require(id),
                        ["result": ["success": true, "avg_ms": .number(average), "packet_loss": 0]], on: connection)
                }
                let answer = try await held
                #expect(answer.status == 200)
                #expect(answer.body["state"] == "finished")
                #expect(answer.body["count"] == "all")
                #expect(answer.body["counts"]?["done"] == 2)
                let summary = answer.body["summary"]
                #expect(summary?["succeeded"] == 2)
                #expect(summary?["execution_time"]?["median"] == 0.25)
                let metric = summary?["metrics"]?["ping.avg_ms"]
                #expect(metric?["min"] == 10)
                #expect(metric?["median"] == 20)
                #expect(metric?["by_node"]?[first.uuid] == 10)
                #expect(metric?["by_node"]?[second.uuid] == 30)
                #expect(answer.body["jobs"]?[1]?["result"] != .null)
            }
        }
    }

    @Test func nodesAreDistinctAndTheRestIsWaitedFor() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let posted = try await backend.api.post("/api/v1/measurements", Self.ping.merging(["count": 3]))
                #expect(posted.status == 202)
                let path = "/api/v1/measurements/\(try #require(posted.body["measurement_id"]?.string))"
                let id = try #require(try await node.job(on: 1)["request_id"]?.string)
                // The first node gets no second job of it, however often it looks.
                try await node.answer(id, on: 1)
                _ = try await node.acknowledgement(of: id)
                _ = try await backend.connect(node)
                _ = try await node.job(on: 2)
                _ = try await backend.connect(node)
                _ = try await node.job(on: 3)
                let view = try await backend.api.get(path).body
                #expect(view["counts"]?["sent"] == 2)
                #expect(view["counts"]?["done"] == 1)
                #expect(view["summary"]?["nodes"] == 3)
            }
        }
    }

    @Test func allOfNoneIsRefused() async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.post("/api/v1/measurements", Self.ping.merging(["count": "all"]))
            #expect(answer.status == 422)
            #expect(answer.code == "no_node")
            for count: JSONValue in [0, "some", 1001, 1.5] {
                let answer = try await backend.api.post("/api/v1/measurements", Self.ping.merging(["count": count]))
                #expect(answer.code == "invalid_request")
            }
            let repeated: JSONValue = .array(Array(repeating: "z", count: 1001))
            let tooMany = try await backend.api.post(
                "/api/v1/measurements", Self.ping.merging(["select": ["zones": repeated]]))
            #expect(tooMany.code == "invalid_request", "\(tooMany)")
        }
    }

    @Test func cancelsWhatIsOpen() async throws {
        try await TestBackend.with { backend in
            let posted = try await backend.api.post("/api/v1/measurements", Self.ping.merging(["count": 2]))
            let path = "/api/v1/measurements/\(try #require(posted.body["measurement_id"]?.string))"
            let cancelled = try await backend.api.delete(path).body
            #expect(cancelled["state"] == "finished")
            #expect(cancelled["counts"]?["cancelled"] == 2)
            #expect(cancelled["summary"]?["failed"] == 2)
            #expect(try await backend.api.delete("/api/v1/measurements/none").status == 404)
            #expect(try await backend.api.get("/api/v1/measurements/none").status == 404)
        }
    }

    @Test func listsNewestFirstByPages() async throws {
        try await TestBackend.with { backend in
            var made: [String] = []
            for _ in 0..<3 {
                let answer = try await backend.api.post("/api/v1/measurements", Self.ping)
                made.append(answer.body["measurement_id"]?.string ?? "")
            }
            let first = try await backend.api.get("/api/v1/measurements?limit=2").body
            #expect(first["measurements"]?[0]?["measurement_id"]?.string == made[2])
            #expect(first["measurements"]?[0]?["counts"]?["queued"] == 1)
            let cursor = try #require(first["next_cursor"]?.string)
            let second = try await backend.api.get("/api/v1/measurements?limit=2&cursor=\(cursor)").body
            #expect(second["measurements"]?[0]?["measurement_id"]?.string == made[0])
            #expect(second["measurements"]?[1] == nil)
            #expect(second["next_cursor"] == .null)
            #expect(try await backend.api.get("/api/v1/measurements?cursor=x").code == "invalid_cursor")
        }
    }

    @Test func dnsAnswersAreGrouped() throws {
        func job(_ node: String, _ result: String) -> JobRecord {
            var job = NewJob.sample(node, node: node)
            job.tool = "dns"
            return JobRecord(
                job: job, sequence: 1, state: .done, sends: 1, success: true,
                result: RawJSON(checked: Array(result.utf8)))
        }
        let one = #"{"query_ms":1,"records":[{"section":"answer","type":"A","value":"192.0.2.1"}]}"#
        let other = #"{"query_ms":5,"records":[{"section":"answer","type":"A","value":"192.0.2.2"}]}"#
        let summary = MeasurementSummary([job("a", one), job("b", other), job("c", one)])
        #expect(summary.answers?.map(\.nodes) == [["a", "c"], ["b"]])
        #expect(summary.answers?.first?.records == ["A 192.0.2.1"])
    }
}
