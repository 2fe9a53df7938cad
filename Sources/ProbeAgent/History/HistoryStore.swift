import FoundationEssentials
import GRDB
import ProbeNative

/// Writes a history: results as they come, roll-ups of past hours, and what is old goes. One caller at a time, which it
/// blocks.
///
/// An outage is a stretch of failed results of a check with no good one between: it begins with the first and ends with
/// the first good one after. Where nobody watched meanwhile it goes on if the check's next result is a failure again
/// (`watch --once` is a new process each time); else it ended with the last result that the file had.
final class HistoryStore: Sendable {
    /// What is known of the file so that a row costs one statement; forgotten with a transaction that fails.
    struct Known {
        var checks: [HistoryCheck: Int64] = [:]
        /// By `verdict/code`.
        var outcomes = ["ok/": Int64(0)]
        /// Checks whose last measured result was a failure.
        var failing: Set<Int64> = []
        var last: Int64 = 0
        /// Checks with an outage that an earlier process left open, and their names: the next result says what became of it.
        var inherited: [Int64: String] = [:]
        /// The last result of that process.
        var inheritedEnd: Int64 = 0
        /// The time that the last row asked for, and the one that it got.
        var slot: (asked: Int64, taken: Int64) = (-1, -1)
    }

    let queue: DatabaseQueue
    private let known = Locked(Known())

    /// Opens the file and makes it where it is missing.
    init(_ path: String) throws {
        var configuration = Configuration()
        // A report's snapshot does not keep a writer waiting; another program might, for a moment.
        configuration.busyMode = .timeout(1)
        queue = try DatabaseQueue(path: path, configuration: configuration)
        let (last, inherited) = try queue.writeWithoutTransaction { database in
            try HistorySchema.create(database)
            // A cut of power may take the last seconds, and no more: NORMAL syncs when the log is copied into the file.
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA journal_size_limit = \(16 << 20)")
            let last = try Int64.fetchOne(database, sql: "SELECT max(time) FROM results") ?? 0
            var inherited: [Int64: String] = [:]
            let open = "SELECT check_id, name FROM outages LEFT JOIN checks ON checks.id = check_id WHERE ended IS NULL"
            for row in try Row.fetchAll(database, sql: open) { inherited[row.id(0)] = row.text(1) ?? "" }
            return (last, inherited)
        }
        known.withLock { ($0.last, $0.inherited, $0.inheritedEnd) = (last, inherited, last) }
    }

    /// Puts the write-ahead log into the file, unless a report reads it just now.
    func close() { try? queue.close() }

    // MARK: Results

    /// Writes in one transaction.
    func write(_ rows: [HistoryRow]) throws {
        if rows.isEmpty { return }
        var next = known.withLock { $0 }
        try queue.write { database in
            let rolled = try Self.rolledUntil(database)
            var late: [HistoryRow] = []
            for row in rows {
                let check = try next.id(of: row.check, database)
                let outcome = try next.id(of: row, database)
                // The clock has been set back over the end of an hour: what is rolled up has to have it too.
                if row.time < rolled { late.append(row) }
                try next.insert(row, check, outcome, database)
                try next.noteOutage(row, check, database)
                next.last = max(next.last, row.time)
            }
            if !late.isEmpty { try HistoryRollup.add(late, next, database) }
        }
        known.withLock { $0 = next }
    }

    /// Of checks that are watched no more nothing new is known: their outages end.
    func keepOutages(of names: Set<String>) throws {
        var next = known.withLock { $0 }
        try queue.write { database in
            for (check, id) in next.checks where !names.contains(check.name) && next.failing.contains(id) {
                try next.endOutage(id, at: next.last, database)
            }
            for (id, name) in next.inherited where !names.contains(name) {
                try next.endOutage(id, at: next.inheritedEnd, database)
            }
        }
        known.withLock { $0 = next }
    }

    // MARK: Age

    /// A step of rolling up and of forgetting, of bounded length.
    /// - Returns: whether there is more to do.
    func maintain(_ ages: HistoryAges, at now: WallTime) throws -> Bool {
        let now = now.nanoseconds / 1000
        return try queue.write { database in
            let isRolled = try HistoryRollup.step(before: now - now % HistoryHour.length, database)
            let rolled = try Self.rolledUntil(database)
            let isForgotten = try Self.forget(
                results: min(rolled, now - ages.results), rollups: now - ages.rollups, database)
            return !(isRolled && isForgotten)
        }
    }

    static func rolledUntil(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT until FROM rolled") ?? 0
    }

    /// Rows that go in a step.
    static let stepOfForgetting = 5000

    private static func forget(results: Int64, rollups: Int64, _ database: Database) throws -> Bool {
        let hour = rollups / HistoryHour.length
        let steps: [(String, Int64)] = [
            ("results WHERE time IN (SELECT time FROM results WHERE time < ? ORDER BY time", results),
            (
                "rollups WHERE (hour, check_id) IN (SELECT hour, check_id FROM rollups WHERE hour < ? ORDER BY hour",
                hour
            ),
            (
                "failures WHERE (hour, check_id, outcome) IN "
                    + "(SELECT hour, check_id, outcome FROM failures WHERE hour < ? ORDER BY hour",
                hour
            ),
            ("outages WHERE id IN (SELECT id FROM outages WHERE ended < ? ORDER BY ended", rollups),
        ]
        var isDone = true
        for (what, limit) in steps {
            let statement = try database.cachedStatement(sql: "DELETE FROM \(what) LIMIT \(stepOfForgetting))")
            try statement.execute(arguments: [limit])
            if database.changesCount == stepOfForgetting { isDone = false }
        }
        return isDone
    }
}

extension HistoryStore.Known {
    fileprivate mutating func id(of check: HistoryCheck, _ database: Database) throws -> Int64 {
        if let id = checks[check] { return id }
        // One of the same name that was something else before goes on under its name.
        let id = try Int64.fetchOne(
            database,
            sql: """
                INSERT INTO checks (name, tool, target, "group") VALUES (?, ?, ?, ?) ON CONFLICT (name)
                DO UPDATE SET tool = excluded.tool, target = excluded.target, "group" = excluded."group" RETURNING id
                """, arguments: [check.name, check.tool, check.target, check.group])
        checks = checks.filter { $0.value != id }
        checks[check] = id
        return id ?? 0
    }

    mutating func id(of row: HistoryRow, _ database: Database) throws -> Int64 {
        let key = "\(row.verdict.rawValue)/\(row.code)"
        if let id = outcomes[key] { return id }
        let id = try Int64.fetchOne(
            database,
            sql: """
                INSERT INTO outcomes (verdict, code) VALUES (?, ?) ON CONFLICT DO UPDATE SET code = code RETURNING id
                """, arguments: [row.verdict.rawValue, row.code])
        outcomes[key] = id
        return id ?? 0
    }

    /// At the next free microsecond: two checks may end at the same.
    fileprivate mutating func insert(
        _ row: HistoryRow, _ check: Int64, _ outcome: Int64, _ database: Database
    ) throws {
        let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)")
        for time in (row.time == slot.asked ? slot.taken + 1 : row.time)... {
            try statement.execute(arguments: [time, check, outcome, row.latency, row.sent, row.lost])
            guard database.changesCount > 0 else { continue }
            slot = (row.time, time)
            return
        }
    }

    fileprivate mutating func noteOutage(_ row: HistoryRow, _ check: Int64, _ database: Database) throws {
        switch row.verdict {
        case .unmeasured: break
        case .ok:
            if inherited[check] != nil {
                try endOutage(check, at: inheritedEnd, database)
            } else if failing.contains(check) {
                try endOutage(check, at: row.time, database)
            }
        case .failed:
            let goesOn = inherited.removeValue(forKey: check) != nil
            guard failing.insert(check).inserted, !goesOn else { return }
            try database.execute(
                sql: "INSERT INTO outages (check_id, began) VALUES (?, ?)", arguments: [check, row.time])
        }
    }

    fileprivate mutating func endOutage(_ check: Int64, at time: Int64, _ database: Database) throws {
        failing.remove(check)
        inherited[check] = nil
        try database.execute(
            sql: "UPDATE outages SET ended = max(began, ?) WHERE check_id = ? AND ended IS NULL",
            arguments: [time, check])
    }
}
