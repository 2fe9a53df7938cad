import GRDB
import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct StoreAnswerTests {
    private func withSent(
        _ engine: StoreEngine, _ ids: String..., body: (SQLStore) async throws -> Void
    ) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            try await store.insert(ids.map { .sample($0, node: "a") })
            _ = try await store.claim(for: "a", epoch: epoch, limit: ids.count, at: .start)
            try await body(store)
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func anAnswerFinishesItsJobOnce(_ engine: StoreEngine) async throws {
        try await withSent(engine, "good", "bad") { store in
            let text = #"{"success": true, "rtt":1.50, "n":123456789012345678901}"#
            let at = Instant.start.adding(seconds: 3)
            let outcomes = try await store.record(
                [.sample("good", result: text), .sample("bad", success: false), .sample("good", result: "{}")],
                from: "a", at: at)
            #expect(outcomes == [.finished, .finished, .duplicate])
            let good = try #require(try await store.job("good"))
            #expect(good.state == .done)
            #expect(good.result?.bytes == Array(text.utf8))
            #expect(good.finishedAt == at)
            #expect(good.executionTime == 0.5)
            #expect(try await store.job("bad")?.state == .failed)
            #expect(try await store.record([.sample("good")], from: "a", at: at) == [.duplicate])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func nobodyAnswersWhatHeWasNotSent(_ engine: StoreEngine) async throws {
        try await withSent(engine, "theirs") { store in
            _ = try await store.register("b")
            try await store.insert([.sample("queued", node: "b")])
            let outcomes = try await store.record(
                [.sample("theirs"), .sample("queued"), .sample("nothing")], from: "b", at: .start)
            #expect(outcomes == [.unknown, .unknown, .unknown])
            #expect(try await store.job("theirs")?.state == .sent)
            #expect(try await store.job("queued")?.state == .queued)
        }
    }

    /// Nobody asked for it: its job is made with it, once, and it takes nobody else's place.
    @Test(arguments: StoreEngine.allCases)
    func aResultOfACheckIsAJobOfItsOwn(_ engine: StoreEngine) async throws {
        try await withSent(engine, "theirs") { store in
            _ = try await store.register("b")
            let check = Answer.Check(id: "front page", tool: "http", target: "http://x.example/")
            let answers = ["check-1", "check-1", "theirs"].map { id in
                var answer = Answer.sample(id, result: #"{"success": true}"#)
                answer.check = check
                return answer
            }
            let at = Instant.start.adding(seconds: 3)
            let outcomes = try await store.record(answers, from: "b", at: at)
            #expect(outcomes == [.finished, .duplicate, .unknown])
            let job = try #require(try await store.job("check-1"))
            #expect(job.state == .done && job.finishedAt == at && job.job.node == "b" && job.job.checkID == check.id)
            #expect(job.job.tool == "http" && job.job.target == check.target && job.result != nil)
            #expect(try await store.job("theirs")?.state == .sent)
            var filter = JobFilter()
            filter.check = check.id
            let listed = try await store.jobs(filter, before: nil, limit: 10, withResults: false)
            #expect(listed.map(\.job.requestID) == ["check-1"])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func aLateAnswerIsKeptAndChangesNoState(_ engine: StoreEngine) async throws {
        try await withSent(engine, "cancelled", "expired") { store in
            _ = try await store.cancel("cancelled", at: .start)
            _ = try await store.expire(at: Instant.start.adding(seconds: 99), limit: 9)
            let outcomes = try await store.record(
                [.sample("cancelled", success: false), .sample("expired")], from: "a", at: .start)
            #expect(outcomes == [.late, .late])
            #expect(try await store.job("cancelled")?.state == .cancelled)
            #expect(try await store.job("expired")?.state == .expired)
            #expect(try await store.job("expired")?.result != nil)
            #expect(try await store.record([.sample("expired")], from: "a", at: .start) == [.duplicate])
        }
    }

    @Test(arguments: StoreEngine.allCases)
    func manyWritersAtOnceLoseNothing(_ engine: StoreEngine) async throws {
        try await engine.with { store in
            let epoch = try await store.register("a")
            let ids = (0..<1000).map { "job\($0)" }
            try await store.insert(ids.map { .sample($0, node: "a") })
            _ = try await store.claim(for: "a", epoch: epoch, limit: 1000, at: .start)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Each answer twice, by different tasks: stored once.
                for id in ids + ids {
                    group.addTask { _ = try await store.record([.sample(id)], from: "a", at: .start) }
                }
                try await group.waitForAll()
            }
            let records = try await store.jobs(ids)
            #expect(records.count == 1000)
            #expect(records.allSatisfy { $0.state == .done })
        }
    }
}

/// What only the file-backed engine promises.
@Suite(.timeLimit(.minutes(2))) struct SQLiteStoreTests {
    @Test func isDurableAtEachCommit() async throws {
        let folder = try TemporaryFolder("store")
        let engine = try SQLiteEngine(path: folder.file("store.db"))
        let (journal, synchronous) = try await engine.pool.write { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA synchronous")
            )
        }
        #expect(journal == "wal")
        // 2 is FULL.
        #expect(synchronous == 2)
    }

    @Test func keepsEverythingWhenOpenedAgain() async throws {
        let folder = try TemporaryFolder("store")
        let path = folder.file("store.db")
        do {
            let store = try await SQLStore.open(path)
            let epoch = try await store.register("a")
            try await store.insert([.sample("1", node: "a"), .sample("2", node: "a")])
            _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
        }
        let store = try await SQLStore.open(path)
        #expect(try await store.job("1")?.state == .sent)
        #expect(try await store.job("2")?.state == .queued)
        #expect(try await store.openConnection(of: "a", NodeUpdate(), connectionID: "c", at: .start) == 2)
    }

    @Test func refusesAFileThatIsNoDatabase() throws {
        let folder = try TemporaryFolder("store")
        let path = try folder.write(String(repeating: "not a database ", count: 100), to: "store.db")
        #expect(throws: DatabaseError.self) { try SQLiteEngine(path: path) }
    }

    /// A full disk: the write fails, what was stored before stays, and the store works again when there is room.
    @Test func aFullDiskFailsTheWriteAndNothingElse() async throws {
        let folder = try TemporaryFolder("store")
        let engine = try SQLiteEngine(path: folder.file("store.db"))
        let store = SQLStore(engine)
        let epoch = try await store.register("a")
        try await store.insert([.sample("1", node: "a")])
        _ = try await store.claim(for: "a", epoch: epoch, limit: 1, at: .start)
        let big = Answer.sample("1", result: #"{"x":""# + String(repeating: "a", count: 1 << 20) + "\"}")
        try await engine.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages + 4)")
        }
        await #expect(throws: DatabaseError.self) { try await store.record([big], from: "a", at: .start) }
        #expect(try await store.job("1")?.state == .sent)
        try await engine.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(try await store.record([big], from: "a", at: .start) == [.finished])
    }
}
