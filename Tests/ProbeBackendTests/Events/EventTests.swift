import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct EventTests {
    @Test func tellsOfNodesJobsAndProgress() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                try await EventClient.with(backend) { client in
                    let identity = try await backend.connect(node)
                    let online = try await client.next { $0.name == "node" && $0.data["status"] == "online" }
                    #expect(online.data["node_uuid"]?.string == identity.uuid)
                    try await backend.api.post(job: ["request_id": "r", "progress": true])
                    _ = try await node.job()
                    try await node.send([
                        "type": "diagnostic_progress", "request_id": "r", "seq": 1, "partial": ["sent": 2],
                    ])
                    let progress = try await client.next { $0.name == "progress" }
                    #expect(progress.data["request_id"] == "r")
                    #expect(progress.data["partial"]?["sent"] == 2)
                    try await node.answer("r")
                    let done = try await client.next { $0.name == "job" && $0.data["state"] == "done" }
                    #expect(done.data["result"]?["success"] == true)
                }
            }
        }
    }

    @Test func tellsOnlyWhatIsAskedFor() async throws {
        try await TestBackend.with { backend in
            let posted = try await backend.api.post("/api/v1/measurements", ["tool": "ping", "target": "a"])
            let id = try #require(posted.body["measurement_id"]?.string)
            try await EventClient.with(backend, "topics=jobs&measurement=\(id)") { client in
                let other = try await backend.api.post()
                _ = try await backend.api.delete("/api/v1/jobs/\(other)")
                _ = try await backend.api.delete("/api/v1/measurements/\(id)")
                let event = try await client.next { $0.name == "job" }
                #expect(event.data["measurement_id"]?.string == id)
            }
            #expect(try await backend.api.get("/api/v1/events?topics=weather").code == "invalid_request")
            #expect(try await backend.api.get("/api/v1/events?measurement=none").status == 404)
        }
    }

    @Test func aClientThatFallsBehindIsToldToReload() {
        let hub = EventHub()
        let watcher = hub.watch(EventInterest())
        for index in 0..<300 {
            hub.progressed("r", PartialResult(sequence: index, partial: .emptyObject))
        }
        let events = watcher.take().map { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(events.first == "event: reset\ndata: {}\n\n")
        #expect(events.count < 256)
        #expect(events.last?.contains("\"seq\":299") == true)
    }

    @Test func lineBreaksOfANodeStayInsideTheirEvent() throws {
        let partial = RawJSON(checked: Array("{\n\"a\":\r\n1}".utf8))
        let event = try ServerEvent.progress("r", PartialResult(sequence: 1, partial: partial))
        let lines = String(decoding: event.bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.dropFirst().dropLast(2).allSatisfy { $0.hasPrefix("data: ") })
    }

    @Test func aSignOfLifeEveryQuarterMinuteAndAnEndWithTheBackend() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            try await EventClient.with(backend) { client in
                // The job service's loop and the client's.
                await time.sleepers(2)
                time.advance(by: .seconds(15))
                _ = try await client.next { $0.name == "comment" }
                await backend.stop()
            }
        }
    }
}
