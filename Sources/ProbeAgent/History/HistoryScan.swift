import GRDB
import ProbeNative

/// Goes through a period of a history, within a transaction. Short ones are read from the results themselves, as long
/// as those are kept; others from roll-ups, with the results that are not rolled up yet.
struct HistoryScan {
    /// Of periods that are read result by result.
    static let longestExact: Int64 = 48 * HistoryHour.length

    let database: Database
    /// Microseconds.
    let since: Int64
    let until: Int64
    let isExact: Bool
    /// Those that the query admits.
    let checks: [Int64: HistoryCheck]
    private let rolled: Int64
    private let verdicts: [Int64: CheckResult.Verdict]

    init(_ database: Database, _ query: HistoryQuery) throws {
        self.database = database
        let (since, until) = (query.since.nanoseconds / 1000, query.until.nanoseconds / 1000)
        let oldest = try Int64.fetchOne(database, sql: "SELECT min(time) FROM results") ?? .max
        let oldestHour = try Int64.fetchOne(database, sql: "SELECT min(hour) FROM rollups") ?? .max / HistoryHour.length
        let hasAll = oldest <= since || oldest / HistoryHour.length <= oldestHour
        isExact = hasAll && until - since <= Self.longestExact
        self.since = isExact ? since : since - since % HistoryHour.length
        rolled = try HistoryStore.rolledUntil(database)
        // A roll-up is all of its hour.
        let hourEnd = (until + HistoryHour.length - 1) / HistoryHour.length * HistoryHour.length
        self.until = isExact || until >= rolled ? until : hourEnd
        verdicts = try HistoryRollup.verdicts(database)
        var checks: [Int64: HistoryCheck] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, name, tool, target, \"group\" FROM checks") {
            let check = HistoryCheck(
                name: row.text(1) ?? "", tool: row.text(2) ?? "", target: row.text(3) ?? "", group: row.text(4))
            if query.admits(check) { checks[row.id(0)] = check }
        }
        self.checks = checks
    }

    private var hourAfter: Int64 { (until + HistoryHour.length - 1) / HistoryHour.length }

    /// What each check did in each hour; hours rise.
    func hours(of wanted: Set<Int64>? = nil, _ body: (_ check: Int64, _ hour: Int64, _ tally: HistoryTally) -> Void)
        throws
    {
        var hour: Int64 = 0
        var pending: [Int64: HistoryTally] = [:]
        func turn(to next: Int64) {
            guard next != hour else { return }
            for (check, tally) in pending { body(check, hour, tally) }
            pending = [:]
            hour = next
        }
        let isWanted = { (id: Int64) in wanted?.contains(id) ?? (checks[id] != nil) }
        if !isExact {
            let cursor = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(HistoryRollup.columns), hour, check_id FROM rollups WHERE hour >= ? AND hour < ? ORDER BY hour
                    """, arguments: [since / HistoryHour.length, hourAfter])
            while let row = try cursor.next() {
                let check = row.id(10)
                guard isWanted(check) else { continue }
                turn(to: row.number(9, in: HistoryValues.hours) ?? 0)
                pending[check, default: HistoryTally()].merge(HistoryTally(rollup: row))
            }
        }
        try results(of: wanted) { check, time, row in
            turn(to: time / HistoryHour.length)
            pending[check, default: HistoryTally()].add(row, verdicts)
        }
        turn(to: .max)
    }

    /// The same by columns of any width, of those that are wanted; of a width below an hour only where it `isExact`.
    func columns(
        from start: Int64, width: Int64, of wanted: Set<Int64>,
        _ body: (_ check: Int64, _ column: Int, _ tally: HistoryTally) -> Void
    ) throws {
        if !isExact {
            return try hours(of: wanted) { check, hour, tally in
                body(check, Int((hour * HistoryHour.length - start) / width), tally)
            }
        }
        try results(of: wanted) { check, time, row in
            var tally = HistoryTally()
            tally.add(row, verdicts)
            body(check, Int((time - start) / width), tally)
        }
    }

    private func results(of wanted: Set<Int64>?, _ body: (_ check: Int64, _ time: Int64, Row) -> Void) throws {
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT time, check_id, outcome, latency, sent, lost FROM results WHERE time >= ? AND time < ? ORDER BY time
                """, arguments: [isExact ? since : max(since, rolled), until])
        while let row = try cursor.next() {
            let check = row.id(1)
            if wanted?.contains(check) ?? (checks[check] != nil) { body(check, row[0], row) }
        }
    }

    /// How often each code came in hours that are rolled up; the others' are in their tallies.
    func failures(_ body: (_ check: Int64, _ outcome: Int64, _ count: Int) -> Void) throws {
        if isExact { return }
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT check_id, outcome, sum(count) FROM failures WHERE hour >= ? AND hour < ? GROUP BY check_id, outcome
                """, arguments: [since / HistoryHour.length, hourAfter])
        while let row = try cursor.next() {
            if checks[row.id(0)] != nil { body(row.id(0), row.id(1), row.count(2)) }
        }
    }

    /// Cut to the period.
    func outages(_ body: (_ check: Int64, _ outage: HistoryReport.Outage) -> Void) throws {
        let last = try Int64.fetchOne(database, sql: "SELECT max(time) FROM results") ?? until
        let cursor = try Row.fetchCursor(
            database,
            sql: """
                SELECT check_id, began, ended FROM outages WHERE began < ? AND (ended IS NULL OR ended > ?) ORDER BY began
                """, arguments: [until, since])
        while let row = try cursor.next() {
            guard let check = checks[row.id(0)] else { continue }
            let (began, ended) = (
                row.number(1, in: HistoryValues.times) ?? 0, row.number(2, in: HistoryValues.times)
            )
            let end = min(until, ended ?? last)
            guard end >= since else { continue }
            let outage = HistoryReport.Outage(
                check: check.name, began: max(since, began), ended: max(end, max(since, began)),
                isOpen: ended.map { $0 > until } ?? true)
            body(row.id(0), outage)
        }
    }
}
