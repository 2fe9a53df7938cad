import FoundationEssentials
import GRDB
import ProbeNative

/// The hours that roll-ups are made of.
enum HistoryHour {
    /// Microseconds.
    static let length: Int64 = 3_600_000_000
}

/// How long a history keeps what, in microseconds.
struct HistoryAges: Sendable, Hashable {
    var results: Int64
    var rollups: Int64
}

/// Adds results up by check and hour, for good: `rolled.until` says which are in there already.
enum HistoryRollup {
    /// Results of a step: some tenths of a second.
    static let stepSize = 100_000

    private struct Key: Hashable {
        var hour: Int64
        var check: Int64
    }

    /// - Returns: whether everything before `limit` is rolled up.
    static func step(before limit: Int64, _ database: Database) throws -> Bool {
        let rolled = try HistoryStore.rolledUntil(database)
        guard rolled < limit else { return true }
        var sums: [Key: HistoryTally] = [:]
        var (count, last) = (0, rolled)
        let failed = try verdicts(database)
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT time, check_id, outcome, latency, sent, lost FROM results WHERE time >= ? AND time < ?
                ORDER BY time LIMIT \(stepSize)
                """, arguments: [rolled, limit])
        while let row = try cursor.next() {
            last = row[0]
            count += 1
            sums[Key(hour: last / HistoryHour.length, check: row.id(1)), default: HistoryTally()].add(row, failed)
        }
        for (key, tally) in sums { try merge(key, tally, database) }
        let isDone = count < stepSize
        try database.execute(sql: "UPDATE rolled SET until = ?", arguments: [isDone ? limit : last + 1])
        return isDone
    }

    /// Results that came behind `rolled.until`.
    static func add(_ rows: [HistoryRow], _ known: HistoryStore.Known, _ database: Database) throws {
        var known = known
        for row in rows {
            guard let check = known.checks[row.check] else { continue }
            var tally = HistoryTally()
            tally.add(
                row.verdict, outcome: try known.id(of: row, database), latency: row.latency, sent: row.sent,
                lost: row.lost)
            try merge(Key(hour: row.time / HistoryHour.length, check: check), tally, database)
        }
    }

    private static func merge(_ key: Key, _ tally: HistoryTally, _ database: Database) throws {
        var sum = tally
        let old = try database.cachedStatement(
            sql: "SELECT \(columns) FROM rollups WHERE hour = ? AND check_id = ?")
        if let row = try Row.fetchOne(old, arguments: [key.hour, key.check]) { sum.merge(HistoryTally(rollup: row)) }
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .execute(arguments: [
                key.hour, key.check, sum.ok, sum.failed, sum.unmeasured, sum.sum, sum.minimum, sum.maximum,
                Data(sum.latencies.bytes), sum.sent, sum.lost,
            ])
        for (outcome, times) in tally.outcomes {
            try database.cachedStatement(
                sql: """
                    INSERT INTO failures VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count
                    """
            ).execute(arguments: [key.hour, key.check, outcome, times])
        }
    }

    /// Of a roll-up, in the order that `HistoryTally(rollup:)` reads.
    static let columns = "ok, failed, unmeasured, sum, minimum, maximum, latencies, sent, lost"

    /// By number of the outcome.
    static func verdicts(_ database: Database) throws -> [Int64: CheckResult.Verdict] {
        var verdicts: [Int64: CheckResult.Verdict] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, verdict FROM outcomes") {
            verdicts[row.id(0)] = row.text(1).flatMap(CheckResult.Verdict.init)
        }
        return verdicts
    }
}

extension HistoryTally {
    /// - Parameter row: beginning with `HistoryRollup.columns`.
    init(rollup row: Row) {
        (ok, failed, unmeasured) = (row.count(0), row.count(1), row.count(2))
        sum = row.number(3, in: HistoryValues.sums) ?? 0
        minimum = row.number(4, in: HistoryValues.latencies)
        maximum = row.number(5, in: HistoryValues.latencies)
        latencies = LatencyHistogram(bytes: row.bytes(6))
        (sent, lost) = (row.count(7), row.count(8))
    }

    /// - Parameter row: time, check_id, outcome, latency, sent, lost.
    mutating func add(_ row: Row, _ verdicts: [Int64: CheckResult.Verdict]) {
        let outcome = row.id(2)
        let latency = row.number(3, in: HistoryValues.latencies)
        add(
            verdicts[outcome] ?? .unmeasured, outcome: outcome, latency: latency, sent: row.count(4), lost: row.count(5)
        )
    }

    mutating func add(_ verdict: CheckResult.Verdict, outcome: Int64, latency: Int64?, sent: Int?, lost: Int?) {
        switch verdict {
        case .ok: ok += 1
        case .failed: failed += 1
        case .unmeasured: unmeasured += 1
        }
        if verdict != .ok { outcomes[outcome, default: 0] += 1 }
        if let latency { add(latency: latency) }
        self.sent +|= sent ?? 0
        self.lost +|= lost ?? 0
    }
}
