import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct ScheduleTests {
    private static let order: JSONValue = ["name": "s", "tool": "ping", "targets": ["a", "b"], "every": 2]

    @Test func runsEachTickWithAMeasurementForEachTarget() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            let made = try await backend.api.post("/api/v1/schedules", Self.order)
            #expect(made.status == 201)
            let id = try #require(made.body["schedule_id"]?.string)
            let path = "/api/v1/schedules/\(id)"
            for _ in 0..<2 {
                await time.sleepers(1)
                time.advance(by: .seconds(1))
            }
            let view = try await backend.poll(path) { $0["last_run_at"] != .null }
            #expect(view["last_measurement_ids"]?.array?.count == 2)
            let jobs = try await backend.api.get("/api/v1/jobs?schedule=\(id)").body["jobs"]?.array ?? []
            #expect(Set(jobs.compactMap { $0["target"]?.string }) == ["a", "b"])
            #expect(try await backend.api.get("/api/v1/measurements?schedule=\(id)").body["measurements"]?[1] != nil)
            #expect(try await backend.api.delete(path).status == 204)
            #expect(try await backend.api.get(path).status == 404)
        }
    }

    @Test func changesKeepTheRest() async throws {
        try await TestBackend.with { backend in
            let made = try await backend.api.post("/api/v1/schedules", Self.order)
            let path = "/api/v1/schedules/\(try #require(made.body["schedule_id"]?.string))"
            let off = try await backend.api.call("PATCH", path, body: #"{"enabled":false}"#).body
            #expect(off["enabled"] == false)
            #expect(off["next_run_at"] == .null)
            #expect(off["every"] == 2)
            let cron = try await backend.api.call("PATCH", path, body: #"{"cron":"0 0 * * *","enabled":true}"#).body
            #expect(cron["every"] == .null)
            #expect(cron["targets"]?[1] == "b")
            #expect(try await backend.api.get("/api/v1/schedules").body["schedules"]?[0]?["cron"] == "0 0 * * *")
        }
    }

    @Test(arguments: [
        #"{"tool":"ping","targets":["a"]}"#, #"{"tool":"ping","targets":["a"],"every":1,"cron":"* * * * *"}"#,
        #"{"tool":"ping","targets":["a"],"every":0.5}"#, #"{"tool":"ping","targets":[],"every":1}"#,
        #"{"tool":"ping","targets":["a"],"cron":"0 0 31 2 *"}"#, #"{"tool":"ping","targets":["a"],"cron":"often"}"#,
        #"{"targets":["a"],"every":1}"#, #"{"tool":"ping","targets":"a","every":1}"#,
    ])
    func refuses(_ body: String) async throws {
        try await TestBackend.with { backend in
            let answer = try await backend.api.call("POST", "/api/v1/schedules", body: body)
            #expect(answer.status == 422)
            #expect(answer.code == "invalid_request")
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aTickIsClaimedOnce(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let text = #"{"tool":"ping","targets":["a"],"every":60}"#
            let object = try #require(try RawObject(Array(text.utf8)))
            let schedule = try SchedulePost(object, at: .start).record
            try await store.insert(schedule)
            let due = Instant.start.adding(seconds: 60)
            #expect(try await store.dueSchedules(at: Instant.start.adding(seconds: 59)).isEmpty)
            #expect(try await store.dueSchedules(at: due).map(\.id) == [schedule.id])
            let next = due.adding(seconds: 60)
            #expect(try await store.run(schedule, [], at: due, next: next))
            #expect(try await !store.run(schedule, [], at: due, next: next))
            #expect(try await store.schedule(schedule.id)?.nextRunAt == next)
        }
    }
}

extension TestBackend {
    /// Asks until the answer is so.
    fileprivate func poll(_ path: String, until isReached: (JSONValue) -> Bool) async throws -> JSONValue {
        for _ in 0..<500 {
            let body = try await api.get(path).body
            if isReached(body) { return body }
        }
        throw Unexpected("\(path) never became so")
    }
}
