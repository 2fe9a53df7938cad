import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreRetentionTests {
    /// Ten jobs, finished a second apart, and two that are open.
    private func withJobs(_ engine: StoreEngine, _ body: (SQLStore) async throws -> Void) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert((0..<10).map { .sample("job\($0)", node: "a") })
            _ = try await store.claim(for: "a", epoch: epoch, limit: 10, at: .start)
            for index in 0..<10 {
                let at = Instant.start.adding(seconds: Double(index))
                _ = try await store.record([.sample("job\(index)")], from: "a", at: at)
            }
            try await store.insert([.sample("sent", node: "a"), .sample("queued", node: "a")])
            _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
            try await body(store)
        }
    }

    private let all = (0..<10).map { "job\($0)" } + ["sent", "queued"]

    @Test(arguments: StoreEngine.allCases)
    func forgetsTheOldestFinishedInBatches(_ engine: StoreEngine) async throws {
        try await withJobs(engine) { (store: SQLStore) async throws in
            let moment = Instant.start.adding(seconds: 5)
            #expect(try await store.forgetJobs(finishedBefore: moment, limit: 3) == 3)
            #expect(try await store.jobs(all).map(\.job.requestID) == Array(all[3...]))
            #expect(try await store.forgetJobs(finishedBefore: moment, limit: 3) == 2)
            #expect(try await store.forgetJobs(finishedBefore: moment, limit: 3) == 0)
            #expect(try await store.jobs(all).map(\.job.requestID) == Array(all[5...]))
            // Not even in the far future are open ones forgotten.
            let future = Instant.start.adding(seconds: 1e9)
            #expect(try await store.forgetJobs(finishedBefore: future, limit: 99) == 5)
            #expect(try await store.jobs(all).map(\.job.requestID) == ["sent", "queued"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func knowsFromWhenOnThereIsTooMuch(_ engine: StoreEngine) async throws {
        try await withJobs(engine) { (store: SQLStore) async throws in
            let one = Int64(512 + #"{"count":1.0}"#.utf8.count + #"{"success": true}"#.utf8.count)
            #expect(try await store.finishedBeyond(bytes: 10 * one) == nil)
            #expect(try await store.finishedBeyond(bytes: 10 * one - 1) == .start)
            #expect(try await store.finishedBeyond(bytes: 7 * one) == Instant.start.adding(seconds: 2))
            #expect(try await store.finishedBeyond(bytes: 0) == Instant.start.adding(seconds: 9))
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aMeasurementGoesWithTheLastOfItsJobs(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            let measurement = MeasurementRecord(
                id: "m", tool: "ping", target: "127.0.0.1", parameters: .emptyObject, priority: 1, wantsProgress: false,
                nodeCount: 2, createdAt: .start, expiresAt: Instant.start.adding(seconds: 60))
            let jobs = ["one", "two"].map { id in
                var job = NewJob.sample(id, node: "a")
                job.measurementID = "m"
                return job
            }
            try await store.insert(measurement, jobs)
            _ = try await store.claim(for: "a", epoch: epoch, limit: 2, at: .start)
            for (seconds, id) in [(1.0, "one"), (2.0, "two")] {
                _ = try await store.record([.sample(id)], from: "a", at: Instant.start.adding(seconds: seconds))
            }
            #expect(try await store.forgetJobs(finishedBefore: Instant.start.adding(seconds: 2), limit: 9) == 1)
            #expect(try await store.measurement("m") != nil)
            #expect(try await store.forgetJobs(finishedBefore: Instant.start.adding(seconds: 3), limit: 9) == 1)
            #expect(try await store.measurement("m") == nil)
        }
    }

    @Test func theOldestAreFoundByAnIndex() async throws {
        try await withJobs(.sqlite) { (store: SQLStore) async throws in
            let plan = try await store.read { connection in
                try connection.execute(
                    """
                    EXPLAIN QUERY PLAN SELECT seq FROM jobs WHERE finished_at IS NOT NULL AND finished_at < 5
                    ORDER BY finished_at LIMIT 200
                    """
                ).map { try $0["detail"] as String }
            }
            #expect(plan.count == 1 && plan[0].contains("jobs_finished"), "\(plan)")
        }
    }

    @Test func theServiceForgetsWhatIsTooOldByItsClock() async throws {
        let time = ManualTime()
        let folder = try TemporaryFolder("retention")
        let store = try await SQLStore.open(folder.file("fleet.db"))
        let now = time.backendClock.now
        _ = try await store.register("a")
        var job = NewJob.sample("old", node: "a")
        job.expiresAt = now.adding(seconds: 1e7)
        try await store.insert([job])
        _ = try await store.cancel("old", at: now)
        try await TestBackend.with(store: store, clock: time.backendClock, { $0.retention.days = 1 }) { backend in
            time.stepWallClock(by: .seconds(86_401))
            for _ in 0..<500 where try await backend.api.get("/api/v1/jobs/old").status == 200 {
                time.advance(by: .seconds(30))
            }
            #expect(try await backend.api.get("/api/v1/jobs/old").status == 404)
        }
    }
}
