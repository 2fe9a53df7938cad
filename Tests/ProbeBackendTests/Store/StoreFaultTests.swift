import Foundation
import GRDB
import ProbeTesting
import Testing

@testable import ProbeBackend

/// Databases that fail: clear errors, and nothing acknowledged that is not stored.
@Suite(.timeLimit(.minutes(3))) struct StoreFaultTests {
    private static let order: JSONValue = ["tool": "ping", "target": "127.0.0.1"]

    @Test func aServerThatGoesAndComes() async throws {
        let server = try await PostgresServer()
        let database = try await server.makeDatabase()
        let store = try await SQLStore.open(database)
        try await TestBackend.with(store: store) { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                let id = try await backend.api.post()
                _ = try await node.job()
                await server.stop()
                for (method, path) in [("GET", "/readyz"), ("GET", "/api/v1/nodes"), ("GET", "/api/v1/jobs/\(id)")] {
                    let answer = try await backend.api.call(method, path)
                    #expect(answer.status == 503)
                    #expect(answer.code == "store_unavailable")
                }
                #expect(try await backend.api.post("/api/v1/jobs", Self.order).status == 503)
                try await node.answer(id)
                // 1013: try again later. And no word of acknowledgement.
                #expect(try await node.closed(1).code == 1013)
                #expect(node.events.pending.allSatisfy { $0["message"]?["type"] != "result_received" })

                try await server.start()
                #expect(try await backend.api.get("/readyz").status == 200)
                #expect(try await backend.api.job(id)["state"] == "sent")
                _ = try await backend.connect(node, as: identity)
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
                try await node.answer(id, on: 2)
                _ = try await node.acknowledgement(of: id, on: 2)
                #expect(try await backend.api.job(id)["state"] == "done")
                let stored = try await server.query("SELECT count(*) FROM jobs", in: database)
                #expect(stored == "1\n")
            }
        }
        await server.stop()
    }

    @Test func aPostgreSQLTableThatAnotherHasLocked() async throws {
        let server = try await PostgresServer.shared()
        let database = try await server.makeDatabase()
        try await TestBackend.with(store: try await SQLStore.open(database)) { backend in
            let other = try ChildProcess.start("psql", ["-X", "-q", "-A", "-t", database])
            other.write(line: "BEGIN; LOCK TABLE jobs; SELECT 'locked';")
            _ = try await other.output.next("lock") { $0 == "locked" }
            let refused = try await backend.api.post("/api/v1/jobs", Self.order)
            #expect(refused.status == 503)
            #expect(refused.code == "store_unavailable")
            await other.stop()
            #expect(try await backend.api.post("/api/v1/jobs", Self.order).status == 202)
            let stored = try await server.query("SELECT count(*) FROM jobs", in: database)
            #expect(stored == "1\n")
        }
    }

    @Test func anSQLiteFileThatAnotherHasLocked() async throws {
        let folder = try TemporaryFolder("locked")
        let path = folder.file("fleet.db")
        try await TestBackend.with(store: try await SQLStore.open(path)) { backend in
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: path, configuration: configuration)
            try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let refused = try await backend.api.post("/api/v1/jobs", Self.order)
            #expect(refused.status == 503)
            #expect(refused.code == "store_unavailable")
            // Who reads is not held up.
            #expect(try await backend.api.get("/readyz").status == 200)
            try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            #expect(try await backend.api.post("/api/v1/jobs", Self.order).status == 202)
            let stored = try await other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM jobs") }
            #expect(stored == 1)
        }
    }

    @Test func aFullDisk() async throws {
        let folder = try TemporaryFolder("full")
        let engine = try SQLiteEngine(path: folder.file("fleet.db"))
        try await TestBackend.with(store: SQLStore(engine)) { backend in
            try await engine.pool.writeWithoutTransaction { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                try database.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
            }
            let large = Self.order.merging(["parameters": ["text": .string(String(repeating: "a", count: 100_000))]])
            let refused = try await backend.api.post("/api/v1/jobs", large)
            #expect(refused.status == 503)
            #expect(refused.code == "store_unavailable")
            try await engine.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            #expect(try await backend.api.post("/api/v1/jobs", large).status == 202)
            let stored = try await engine.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM jobs") }
            #expect(stored == 1)
        }
    }

    /// Back by a day, and forward by two: jobs go on, and end when their time is over by the clock that there is.
    @Test func aClockThatIsStepped() async throws {
        let time = ManualTime()
        try await TestBackend.with(clock: time.backendClock) { backend in
            try await FakeNode.with { node in
                _ = try await backend.connect(node)
                let before = try await backend.api.post()
                _ = try await node.job()
                time.stepWallClock(by: .seconds(-86_400))
                let after = try await backend.api.post()
                #expect(try await node.job()["request_id"]?.string == after)
                for id in [before, after] {
                    try await node.answer(id)
                    _ = try await node.acknowledgement(of: id)
                    #expect(try await backend.api.job(id)["state"] == "done")
                }
                let last = try await backend.api.post(job: ["expires_in": 3600])
                _ = try await node.job()
                time.stepWallClock(by: .seconds(172_800))
                for _ in 0..<100 where try await backend.api.job(last)["state"] == "sent" {
                    time.advance(by: .seconds(1))
                }
                #expect(try await backend.api.job(last)["state"] == "expired")
            }
        }
    }
}
