import Foundation
import GRDB
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct HistoryStoreTests {
    private typealias Bench = HistoryBench

    @Test func whatIsWrittenIsWhatSQLiteReads() async throws {
        let bench = try Bench()
        try bench.store.write([
            Bench.row("a", at: 5, latency: 1234), Bench.row("b", at: 5, .failed, code: "timeout", sent: 3, lost: 3),
            Bench.row("a", at: 9, .unmeasured, code: "queue_full"),
        ])
        let rows = try await bench.sql(
            """
            SELECT time - \(Bench.begin), name, verdict, code, latency, sent, lost FROM results
            JOIN checks ON checks.id = check_id JOIN outcomes ON outcomes.id = outcome ORDER BY time
            """)
        // The second has found its microsecond taken.
        #expect(rows == ["5|a|ok||1234||", "6|b|failed|timeout||3|3", "9|a|unmeasured|queue_full|||"])
        #expect(try await bench.sql("PRAGMA integrity_check; PRAGMA journal_mode") == ["ok", "wal"])
    }

    /// A row costs what the page says.
    @Test func aRowIsSmall() async throws {
        let bench = try Bench()
        try bench.store.write(
            (0..<20_000).map { Bench.row("c\($0 % 2000)", at: Int64($0) * 5000, latency: 1000 + Int64($0)) })
        bench.store.close()
        let size = try #require(Int(try await bench.sql("SELECT sum(pgsize) FROM dbstat WHERE name = 'results'")[0]))
        #expect(size / 20_000 < 24, "\(Double(size) / 20_000) bytes")
    }

    @Test func rollUpsAreTheSumsOfTheirResults() async throws {
        let bench = try Bench()
        let rows = Bench.threeDays()
        for part in stride(from: 0, to: rows.count, by: 1000) {
            let batch = Array(rows[part..<min(part + 1000, rows.count)])
            try bench.store.write(batch)
            try bench.maintain(at: (batch.last?.time ?? 0) - Bench.begin)
        }
        try bench.maintain(at: 72 * Bench.hour)
        var expected:
            [String: (
                ok: Int, failed: Int, sum: Int64, low: Int64, high: Int64, lost: Int, histogram: LatencyHistogram
            )] = [:]
        for row in rows {
            let key = "\(row.time / Bench.hour)|\(row.check.name)"
            var sum = expected[key] ?? (0, 0, 0, .max, 0, 0, LatencyHistogram())
            if row.verdict == .ok { sum.ok += 1 } else { sum.failed += 1 }
            if let latency = row.latency {
                sum.sum += latency
                (sum.low, sum.high) = (min(sum.low, latency), max(sum.high, latency))
                sum.histogram.add(latency)
            }
            sum.lost += row.lost ?? 0
            expected[key] = sum
        }
        let found = try await bench.sql(
            """
            SELECT hour, name, ok, failed, sum, minimum, maximum, lost, hex(latencies) FROM rollups
            JOIN checks ON id = check_id ORDER BY hour, name
            """)
        let wanted = expected.map { key, sum in
            let bytes = sum.histogram.bytes.map { String(format: "%02X", $0) }.joined()
            return "\(key)|\(sum.ok)|\(sum.failed)|\(sum.sum)|\(sum.low)|\(sum.high)|\(sum.lost)|\(bytes)"
        }
        #expect(found.count == 216 && found == wanted.sorted())
        #expect(try await bench.sql("SELECT sum(count) FROM failures") == ["30"])
    }

    /// A clock that is set back over the end of an hour brings results of an hour that is rolled up.
    @Test func lateResultsAreInTheirRollUpToo() async throws {
        let bench = try Bench()
        try bench.store.write([Bench.row("a", at: 10, latency: 100)])
        try bench.maintain(at: 2 * Bench.hour)
        try bench.store.write([Bench.row("a", at: 20, latency: 300), Bench.row("a", at: 10, .failed, code: "timeout")])
        try bench.maintain(at: 3 * Bench.hour)
        #expect(try await bench.sql("SELECT ok, failed, sum, maximum FROM rollups") == ["2|1|400|300"])
        #expect(try await bench.sql("SELECT count(*) FROM results") == ["3"])
    }

    @Test func whatIsOldGoesInSmallSteps() async throws {
        let bench = try Bench()
        let ages = HistoryAges(results: 10 * Bench.hour, rollups: 30 * Bench.hour)
        let count = 4 * HistoryStore.stepOfForgetting
        try bench.store.write((0..<count).map { Bench.row("a", at: Int64($0) * 2 * Bench.minute / 10, latency: 5) })
        let last = Int64(count - 1) * 2 * Bench.minute / 10
        let now = WallTime(nanoseconds: (Bench.begin + last) * 1000)
        #expect(try bench.store.maintain(ages, at: now))
        // Nothing goes that is not rolled up, and of it a step.
        #expect(try await bench.sql("SELECT count(*) FROM results") == ["\(count - HistoryStore.stepOfForgetting)"])
        try bench.maintain(ages, at: last)
        #expect(
            try await bench.sql("SELECT min(time) >= \(Bench.begin + last - 10 * Bench.hour) FROM results") == ["1"])
        #expect(
            try await bench.sql("SELECT min(hour) FROM rollups") == [
                "\((Bench.begin + last - 30 * Bench.hour) / Bench.hour)"
            ])
    }

    @Test func outagesEndWithAGoodResultOrWithTheWatch() async throws {
        let bench = try Bench()
        let text = "SELECT began - \(Bench.begin), ended - \(Bench.begin) FROM outages ORDER BY id"
        try bench.store.write([
            Bench.row("a", at: 1, .failed, code: "timeout"), Bench.row("a", at: 2, .unmeasured, code: "queue_full"),
            Bench.row("a", at: 3, .failed, code: "timeout"), Bench.row("b", at: 4, .failed, code: "timeout"),
            Bench.row("a", at: 5), Bench.row("c", at: 6, .failed, code: "timeout"), Bench.row("a", at: 7),
        ])
        #expect(try await bench.sql(text) == ["1|5", "4|", "6|"])
        // c is not in the file any more.
        try bench.store.keepOutages(of: ["a", "b"])
        #expect(try await bench.sql(text) == ["1|5", "4|", "6|7"])
    }

    /// As `watch --once` writes it, a process each time.
    @Test func anOutageGoesOnFromProcessToProcess() async throws {
        let bench = try Bench()
        let text =
            "SELECT name, began - \(Bench.begin), ended - \(Bench.begin) FROM outages JOIN checks ON checks.id = check_id"
        func run(_ rows: [HistoryRow], _ names: Set<String>) throws {
            let store = try HistoryStore(bench.path)
            try store.write(rows)
            try store.keepOutages(of: names)
            store.close()
        }
        let all: Set = ["a", "b", "c"]
        try run(all.sorted().enumerated().map { Bench.row($1, at: 1 + Int64($0), .failed, code: "timeout") }, all)
        #expect(try await bench.sql(text) == ["a|1|", "b|2|", "c|3|"])
        // What could not be measured says nothing.
        try run(
            [Bench.row("a", at: 11, .failed, code: "timeout"), Bench.row("b", at: 12, .unmeasured, code: "x")], all)
        #expect(try await bench.sql(text) == ["a|1|", "b|2|", "c|3|"])
        // a is down still, b is well again, and c is not watched any more: known is the last result before.
        try run([Bench.row("a", at: 21, .failed, code: "timeout"), Bench.row("b", at: 22)], ["a", "b"])
        #expect(try await bench.sql(text) == ["a|1|", "b|2|12", "c|3|12"])
        // Within one process it ends with the good result.
        try run([Bench.row("a", at: 31, .failed, code: "timeout"), Bench.row("a", at: 32)], ["a", "b"])
        #expect(try await bench.sql(text) == ["a|1|32", "b|2|12", "c|3|12"])
    }

    /// SQLite's own limit says what a full disk says.
    @Test func aFullDiskChangesNothingAndPasses() async throws {
        let bench = try Bench()
        try bench.store.write([Bench.row("a", at: 1)])
        func limit(_ pages: Int) throws {
            try bench.store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        let rows = (0..<5000).map { Bench.row("b", at: Int64($0 + 10), .failed, code: "timeout") }
        try limit(1)
        do {
            try bench.store.write(rows)
            Issue.record("written")
        } catch {
            #expect(HistoryOutput.reason(error) == "database or disk is full")
        }
        #expect(try await bench.sql("SELECT count(*) FROM results; SELECT count(*) FROM checks") == ["1", "1"])
        try limit(100_000)
        try bench.store.write(rows)
        #expect(try await bench.sql("SELECT count(*) FROM results; SELECT count(*) FROM outages") == ["5001", "1"])
    }

    @Test func foreignAndNewerFilesAreRefused() async throws {
        let folder = try TemporaryFolder()
        let text = try folder.write(String(repeating: "no database ", count: 20), to: "text")
        let newer = folder.file("newer.db")
        try HistoryStore(newer).close()
        _ = try await Oracle.run("sqlite3", [newer, "PRAGMA user_version = 2"])
        let other = folder.file("other.db")
        _ = try await Oracle.run("sqlite3", [other, "CREATE TABLE t (x)"])
        for (path, sentence) in [
            (text, "\(text) is no history of probe-agent watch."),
            (other, "\(other) is no history of probe-agent watch."),
            (
                newer,
                "\(newer) is of version 2, and this program knows no later one than 1: a newer probe-agent wrote it."
            ),
        ] {
            #expect(throws: ConfigurationError(sentence)) { try HistorySchema.isThere(path) }
            #expect(throws: ConfigurationError(sentence)) { try HistoryReader(path) }
        }
        #expect(try HistorySchema.isThere(folder.file("none")) == false)
    }
}
