import Logging
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct HistoryOutputTests {
    private func bench() throws -> WatchBench {
        try WatchBench(
            """
            checks: [{tool: scripted, targets: [a.test, b.test], every: 10s, group: home}]
            outputs: [{sqlite: {file: history.db, keep: 48h}}]
            """)
    }

    private func output(_ bench: WatchBench, _ logger: Logger = .silent) throws -> any WatchOutput {
        let file = try WatchFile(path: bench.folder.file("w.yaml"), registry: bench.engine.registry)
        #expect(file.hardeningPaths.write == [bench.folder.path])
        let output = try #require(try file.openOutputs().first)
        try output.start(bench.watch, logger)
        return output
    }

    private func sql(_ bench: WatchBench, _ text: String) async throws -> [String] {
        try await Oracle.run("sqlite3", [bench.folder.file("history.db"), text]).lines
    }

    /// Another program that is about to write, until it is told to let go.
    private func holder(_ bench: WatchBench) async throws -> ChildProcess {
        let program = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1], isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            print("held", flush=True)
            sys.stdin.readline()
            """
        let holder = try ChildProcess.start("/usr/bin/python3", ["-c", program, bench.folder.file("history.db")])
        _ = try await holder.output.next("held") { $0 == "held" }
        return holder
    }

    @Test func aWatchIsKept() async throws {
        let bench = try bench()
        let output = try output(bench)
        bench.scripted.failing.withLock { $0 = ["b.test"] }
        try await bench.run { await bench.advance(by: .seconds(100)) }
        for result in bench.output.results { output.receive(.result(result)) }
        await output.finish()
        #expect(output.dropped == 0)
        let rows = try await sql(
            bench,
            """
            SELECT name, "group", verdict, code, count(*), min(time) >= 1767225600000000 FROM results
            JOIN checks ON checks.id = check_id JOIN outcomes ON outcomes.id = outcome GROUP BY name
            """)
        let counts = Dictionary(grouping: bench.output.results, by: \.check.id).mapValues(\.count)
        #expect(
            rows == [
                "scripted a.test|home|ok||\(counts["scripted a.test"] ?? 0)|1",
                "scripted b.test|home|failed|connection_refused|\(counts["scripted b.test"] ?? 0)|1",
            ])
    }

    /// Another program holds the file: told once, and when it lets go nothing is missing.
    @Test func aLockedFileCostsNothing() async throws {
        let bench = try bench()
        let log = EventLog<LogLine>()
        let output = try output(bench, Logger(label: "test") { _ in RecordingLog(log) })
        try await bench.run { await bench.advance(by: .seconds(50)) }
        let holder = try await holder(bench)
        for result in bench.output.results { output.receive(.result(result)) }
        let failed = try await log.next("failure") { $0.message == "watch.history_failed" }
        #expect(failed.level == .error && failed.metadata["reason"] == "database is locked", "\(failed)")
        holder.write(line: "let go")
        let recovered = try await log.next("recovery") { $0.message == "watch.history_recovered" }
        #expect(recovered.metadata["dropped"] == "0")
        _ = try await holder.exit()
        await output.finish()
        #expect(try await sql(bench, "SELECT count(*) FROM results") == ["\(bench.output.results.count)"])
        #expect(output.dropped == 0)
    }

    @Test func whatFindsNoRoomIsCounted() async throws {
        let bench = try bench()
        let output = try output(bench)
        try await bench.run { await bench.advance(by: .seconds(10)) }
        let result = try #require(bench.output.results.first)
        let holder = try await holder(bench)
        for _ in 0..<HistoryOutput.mostWaiting * 2 + 7 { output.receive(.result(result)) }
        while output.dropped < HistoryOutput.mostWaiting + 7 { await Task.yield() }
        holder.write(line: "let go")
        _ = try await holder.exit()
        await output.finish()
        let kept = try #require(Int(try await sql(bench, "SELECT count(*) FROM results")[0]))
        #expect(kept + output.dropped == HistoryOutput.mostWaiting * 2 + 7 && kept >= HistoryOutput.mostWaiting)
    }
}
