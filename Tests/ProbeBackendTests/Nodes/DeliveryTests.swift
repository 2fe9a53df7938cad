import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct DeliveryTests {
    @Test func aJobGoesOutAndItsResultComesBack() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let id = try await backend.api.post(
                    job: ["node": .string(identity.uuid), "parameters": ["count": 2], "priority": 3, "timeout": 7.5])
                let job = try await node.job()
                #expect(job["request_id"]?.string == id)
                #expect(job["tool"] == "ping")
                #expect(job["target"] == "127.0.0.1")
                #expect(job["parameters"] == ["count": 2])
                #expect(job["priority"] == 3)
                #expect(job["timeout"] == 7.5)
                try await node.answer(id, ["result": ["success": false, "error_code": "no_reply"]])
                _ = try await node.acknowledgement(of: id)
                let stored = try await backend.api.job(id)
                #expect(stored["state"] == "done")
                #expect(stored["node_uuid"]?.string == identity.uuid)
                #expect(stored["result"] == ["success": false, "error_code": "no_reply"])
                #expect(stored["execution_time"] == 0.25)
            }
        }
    }

    @Test func whatTheNodeDidNotMeasureIsFailed() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let id = try await backend.api.post()
                _ = try await node.job()
                try await node.answer(id, ["success": false, "result": ["error_code": "queue_full"]])
                _ = try await node.acknowledgement(of: id)
                #expect(try await backend.api.job(id)["state"] == "failed")
            }
        }
    }

    @Test func noResultIsAcknowledgedThatIsNotStored() async throws {
        let folder = try TemporaryFolder("store")
        let held = HeldEngine(try SQLiteEngine(path: folder.file("fleet.db")))
        try await TestBackend.with(store: SQLStore(held)) { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let id = try await backend.api.post()
                _ = try await node.job()
                held.hold()
                try await node.answer(id)
                try await held.heldCommit()
                // The connection is alive, and as far as anybody can tell the job is not finished.
                #expect(try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]?["status"] == "online")
                #expect(try await backend.api.job(id)["state"] == "sent")
                held.fail()
                #expect(try await node.closed().code == 1013)
                #expect(node.events.pending.allSatisfy { $0["message"]?["type"] != "result_received" })
                // The node comes again, gets it again, and answers again.
                _ = try await backend.connect(node, as: identity)
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
                try await node.answer(id, on: 2)
                _ = try await node.acknowledgement(of: id, on: 2)
                let stored = try await backend.api.job(id)
                #expect(stored["state"] == "done")
                #expect(stored["sends"] == 2)
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test func unansweredJobsAreSentAgainAfterAnAbort() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let ids = try await (0..<3).asyncMap { _ in try await backend.api.post() }
                for _ in ids { _ = try await node.job() }
                try await node.answer(ids[1])
                _ = try await node.acknowledgement(of: ids[1])
                try await node.command("abort")
                _ = try await backend.connect(node, as: identity)
                #expect(try await node.job(on: 2)["request_id"]?.string == ids[0])
                #expect(try await node.job(on: 2)["request_id"]?.string == ids[2])
                // The same answer twice: acknowledged twice, stored once.
                try await node.answer(ids[0], on: 2)
                try await node.answer(ids[0], ["result": ["second": true]], on: 2)
                _ = try await node.acknowledgement(of: ids[0], on: 2)
                _ = try await node.acknowledgement(of: ids[0], on: 2)
                #expect(try await backend.api.job(ids[0])["result"]?["second"] == nil)
            }
        }
    }

    @Test func theWindowBoundsWhatANodeHas() async throws {
        try await TestBackend.with {
            $0.nodes.maximumOutstanding = 2
        } _: { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let ids = try await (0..<3).asyncMap { _ in try await backend.api.post() }
                #expect(try await node.job()["request_id"]?.string == ids[0])
                #expect(try await node.job()["request_id"]?.string == ids[1])
                #expect(try await backend.api.job(ids[2])["state"] == "queued")
                #expect(try await backend.api.get("/api/v1/nodes").body["nodes"]?[0]?["outstanding"] == 2)
                try await node.answer(ids[0])
                #expect(try await node.job()["request_id"]?.string == ids[2])
                #expect(identity.uuid.isEmpty == false)
            }
        }
    }

    @Test func jobsForAnyNodeWaitForOneAndLeaveALostOne() async throws {
        try await TestBackend.with {
            $0.nodes.maximumOutstanding = 1
        } _: { backend in
            try await FakeNode.with { node in
                let first = try await backend.api.post()
                let second = try await backend.api.post()
                _ = try await backend.connect(node)
                #expect(try await node.job(on: 1)["request_id"]?.string == first)
                try await node.command("close")
                _ = try await node.closed(1)
                // Another node: what was not sent is its job, what was sent stays the first node's.
                _ = try await backend.connect(node)
                #expect(try await node.job(on: 2)["request_id"]?.string == second)
                #expect(try await backend.api.job(first)["state"] == "sent")
            }
        }
    }

    @Test func aNodeCannotAnswerForOthersNorUnsentJobs() async throws {
        try await TestBackend.with {
            $0.nodes.maximumOutstanding = 1
        } _: { backend in
            try await FakeNode.with { node in
                let mine = try await backend.connect(node)
                _ = try await backend.connect(node)
                let theirs = try await backend.api.post(job: ["node": .string(mine.uuid)])
                let unsent = try await backend.api.post(job: ["node": .string(mine.uuid)])
                _ = try await node.job(on: 1)
                for (id, connection) in [(theirs, 2), (unsent, 1), ("made-up", 1)] {
                    try await node.answer(id, on: connection)
                    let reply = try await node.message(on: connection) { $0["request_id"]?.string == id }
                    #expect(reply["type"] == "error")
                    #expect(reply["code"] == "unknown_job")
                }
                #expect(try await backend.api.job(theirs)["state"] == "sent")
                #expect(try await backend.api.job(unsent)["state"] == "queued")
            }
        }
    }

    @Test func expiryAndCancellationReachTheNode() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let expiring = try await backend.api.post(job: ["expires_in": 5])
                let cancelled = try await backend.api.post()
                _ = try await node.job()
                _ = try await node.job()
                let answer = try await backend.api.delete("/api/v1/jobs/\(cancelled)")
                #expect(answer.status == 200)
                #expect(answer.body["state"] == "cancelled")
                var cancel = try await node.message { $0["type"] == "cancel_job" }
                #expect(cancel["request_id"]?.string == cancelled)
                for _ in 0..<5 {
                    await time.sleepers(3)
                    time.advance(by: .seconds(1))
                }
                cancel = try await node.message { $0["type"] == "cancel_job" }
                #expect(cancel["request_id"]?.string == expiring)
                #expect(try await backend.api.job(expiring)["state"] == "expired")
                // The node says so in the end; it is acknowledged, and nothing changes.
                try await node.answer(cancelled, ["success": false, "result": ["error_code": "cancelled"]])
                _ = try await node.acknowledgement(of: cancelled)
                let stored = try await backend.api.job(cancelled)
                #expect(stored["state"] == "cancelled")
                #expect(stored["result"] == ["error_code": "cancelled"])
            }
        }
    }

    @Test func progressIsShownWhileTheJobRuns() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let id = try await backend.api.post(job: ["progress": true])
                #expect(try await node.job()["progress"] == true)
                #expect(try await backend.api.job(id)["progress"] == .null)
                for number in 1...3 {
                    try await node.send([
                        "type": "diagnostic_progress", "request_id": .string(id), "seq": .number(Double(number)),
                        "partial": ["hops": .number(Double(number))],
                    ])
                }
                // Of other jobs, and what is none: passed over.
                try await node.send(["type": "diagnostic_progress", "request_id": "other", "seq": 1, "partial": [:]])
                try await node.send(["type": "diagnostic_progress", "request_id": .string(id), "seq": 4, "partial": 1])
                try await node.send(["type": "ping"])
                _ = try await node.message { $0["type"] == "pong" }
                #expect(try await backend.api.job(id)["progress"] == ["seq": 3, "partial": ["hops": 3]])
                try await node.answer(id)
                _ = try await node.acknowledgement(of: id)
                #expect(try await backend.api.job(id)["progress"] == .null)

                let quiet = try await backend.api.post()
                let job = try await node.job()
                #expect(job["request_id"]?.string == quiet && job["progress"] == nil)
            }
        }
    }

    @Test func thousandsOfJobsAreAnsweredOnce() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                try await node.command("answer")
                let jobs = (0..<3000).map { index -> JSONValue in
                    ["tool": "ping", "target": "127.0.0.1", "request_id": .string("bulk-\(index)")]
                }
                let answer = try await backend.api.post("/api/v1/jobs?wait=60", .array(jobs))
                #expect(answer.status == 200)
                let states = answer.body["jobs"]?.array?.compactMap { $0["state"]?.string } ?? []
                #expect(states.count == 3000)
                #expect(states.allSatisfy { $0 == "done" })
                let tally = try await node.tally()
                #expect(tally["jobs"] == 3000)
                #expect(tally["distinct"] == 3000)
                #expect(tally["errors"] == 0)
            }
        }
    }
}

extension Sequence {
    func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var values: [T] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
