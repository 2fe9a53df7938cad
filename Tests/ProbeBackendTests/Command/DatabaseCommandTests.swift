import Foundation
import GRDB
import ProbeTesting
import Testing

@testable import ProbeBackend

/// `migrate` and `backup`, as an operator runs them.
@Suite(.timeLimit(.minutes(2))) struct DatabaseCommandTests {
    private static let command = Places.product("probe-backend")

    /// A database of the first version, with a finished job in it.
    @Test func anOldDatabaseIsBroughtUpToDate() async throws {
        let folder = try TemporaryFolder("old")
        let path = folder.file("fleet.db")
        let old = try DatabaseQueue(path: path)
        try await old.write { database in
            try database.execute(sql: Schema.steps[0].sql + ";" + Schema.steps[1].sql)
            try database.execute(
                sql: """
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('1 nodes, tokens, jobs, results'), ('2 progress');
                    INSERT INTO nodes (node_uuid, key_digest, name, max_concurrent, registered_at)
                        VALUES ('a', x'00', 'n', 1, 1);
                    INSERT INTO jobs (request_id, node_uuid, any_node, tool, target, parameters, priority, state,
                        created_at, expires_at, finished_at, sends)
                        VALUES ('1', 'a', 0, 'ping', 't', CAST('{}' AS BLOB), 1, 'done', 1, 9, 5, 1);
                    INSERT INTO results (seq, received_at, body) VALUES (1, 5, CAST('{"a":1}' AS BLOB));
                    """)
        }
        try old.close()
        let said = try await Oracle.check(Self.command, ["migrate", "--database", path])
        #expect(said == "the schema is up to date\n")
        let store = try await SQLStore.open(path)
        let job = try #require(try await store.job("1"))
        #expect(job.result?.bytes == Array(#"{"a":1}"#.utf8))
        #expect(job.nodeName == "n")
        #expect(try await store.finishedBeyond(bytes: 512 + 2 + 7) == nil)
        #expect(try await store.finishedBeyond(bytes: 512 + 2 + 6) == Instant(milliseconds: 5))
    }

    @Test func aBackupOfSQLiteIsOfOneMomentAndWhole() async throws {
        let folder = try TemporaryFolder("backup")
        let (path, copy) = (folder.file("fleet.db"), folder.file("copy.db"))
        let store = try await SQLStore.open(path)
        _ = try await store.register("a")
        try await store.insert((0..<500).map { .sample("\($0)", node: "a") })
        // While somebody writes.
        let writer = Task {
            for number in 500..<100_000 where !Task.isCancelled {
                try await store.insert([.sample("\(number)", node: "a")])
            }
        }
        try await Oracle.check(Self.command, ["backup", "--database", path, copy])
        writer.cancel()
        _ = try? await writer.value
        #expect(try await Oracle.run("ls", [folder.path]).lines.contains("copy.db.part") == false)
        let kept = try await SQLStore.open(copy)
        #expect(try await kept.jobs((0..<500).map { "\($0)" }).count == 500)
        let again = try await Oracle.run(Self.command, ["backup", "--database", path, copy])
        #expect(again.status == .code(78))
        let missing = folder.file("missing.db")
        let refused = try await Oracle.run(Self.command, ["backup", "--database", missing, folder.file("other.db")])
        #expect(refused.status == .code(78))
        #expect(!FileManager.default.fileExists(atPath: missing))
    }

    @Test func aBackupOfPostgreSQLIsMadeByItsOwnTool() async throws {
        let folder = try TemporaryFolder("backup")
        let server = try await PostgresServer.shared()
        let database = try await server.makeDatabase()
        let said = try await Oracle.check(Self.command, ["migrate", "--database", database])
        #expect(said == "the schema is up to date\n")
        let token = try await Oracle.check(Self.command, ["token", "create", "--database", database])
        #expect(token.hasPrefix("pnrt_"))
        let copy = folder.file("copy.dump")
        try await Oracle.check(Self.command, ["backup", "--database", database, copy])
        let restored = try await server.makeDatabase()
        try await Oracle.check("pg_restore", ["--exit-on-error", "--dbname=\(restored)", copy])
        #expect(try await server.query("SELECT count(*) FROM registration_tokens", in: restored) == "1\n")
    }

    @Test(arguments: [
        ["migrate", "--database", "postgres://nobody@127.0.0.1:1/none"],
        ["migrate", "--database", "/nonexistent/x.db"],
        ["backup", "--database", "postgres://nobody@127.0.0.1:1/none", "/nonexistent/folder/file"],
    ])
    func aDatabaseThatIsNotThereIsOneSentence(_ arguments: [String]) async throws {
        let result = try await Oracle.run(Self.command, arguments)
        #expect(result.status != .code(0))
        #expect(!result.errors.isEmpty)
        #expect(result.errors.split(separator: "\n").count == 1)
    }
}
