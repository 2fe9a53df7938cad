import GRDB
import ProbeNative

extension HistoryReport {
    /// Of a plot: more cannot be told apart.
    static let mostColumns: Int64 = 180
    /// Minutes of a column.
    private static let widths: [Int64] = [
        1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200, 86400,
    ]

    init(_ scan: HistoryScan, path: String, _ query: HistoryQuery, plotted: Int) throws {
        file = path
        since = WallTime(nanoseconds: scan.since * 1000)
        until = WallTime(nanoseconds: scan.until * 1000)
        isExact = scan.isExact
        codes = try Self.codes(scan.database)

        var entries: [Int64: Entry] = [:]
        var hourly: [Int64: HistoryTally] = [:]
        try scan.hours { id, hour, tally in
            guard let check = scan.checks[id] else { return }
            let new = Entry(name: check.name, tool: check.tool, target: check.target, group: check.group)
            entries[id, default: new].tally.merge(tally)
            entries[id]?.worstHours.note(hour, tally)
            hourly[hour, default: HistoryTally()].merge(tally)
        }
        guard !entries.isEmpty else { throw try Self.nothing(scan, path, query) }
        try scan.failures { entries[$0]?.tally.outcomes[$1, default: 0] +|= $2 }
        try scan.outages { entries[$0]?.outages.add($1) }
        entries = entries.mapValues { entry in
            var entry = entry
            entry.worstHours = entry.worstHours.worst()
            return entry
        }

        var all = Entry(name: "all")
        for entry in entries.values { all.add(entry) }
        for (hour, tally) in hourly { all.worstHours.note(hour, tally) }
        all.worstHours = all.worstHours.worst()
        overall = all
        tools = Self.grouped(entries.values, by: \.tool)
        targets = Self.grouped(entries.values, by: \.target)
        let ordered = entries.sorted { Entry.isWorse($0.value, $1.value) }
        checks = ordered.map(\.value)

        let minutes = (scan.until - scan.since) / 60_000_000
        let minute = Self.widths.first { $0 >= (scan.isExact ? 1 : 60) && minutes / $0 < Self.mostColumns } ?? 525_600
        width = minute * 60_000_000
        start = scan.since - scan.since % min(width, HistoryHour.length)
        let count = Int((scan.until - start + width - 1) / width)
        let ids = ordered.prefix(plotted).map(\.key)
        let empty = Series(columns: .init(repeating: HistoryTally(), count: count), hours: [:])
        var found: [Int64: Series] = [:]
        try scan.columns(from: start, width: width, of: Set(ids)) { id, column, tally in
            guard (0..<count).contains(column) else { return }
            found[id, default: empty].columns[column].merge(tally)
        }
        try scan.hours(of: Set(ids)) { id, hour, tally in found[id]?.hours[hour] = HourFigures(tally) }
        series = ids.map { found[$0] ?? empty }
        overallSeries = Series(columns: [], hours: hourly.mapValues(HourFigures.init))
    }

    private static func codes(_ database: Database) throws -> [Int64: String] {
        var codes: [Int64: String] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, code FROM outcomes") { codes[row.id(0)] = row.text(1) }
        return codes
    }

    private static func grouped(_ entries: some Sequence<Entry>, by name: (Entry) -> String?) -> [Entry] {
        var groups: [String: Entry] = [:]
        for entry in entries {
            let key = name(entry) ?? ""
            groups[key, default: Entry(name: key)].add(entry)
        }
        return groups.values.sorted(by: Entry.isWorse)
    }

    private static func nothing(_ scan: HistoryScan, _ path: String, _ query: HistoryQuery) throws -> NothingInPeriod {
        let period = "from \(LocalTime(query.since).text) to \(LocalTime(query.until).text)"
        guard !scan.checks.isEmpty else {
            return NothingInPeriod(description: "\(path) has no check that the filters admit.")
        }
        let row = try Row.fetchOne(
            scan.database,
            sql: """
                SELECT min(coalesce((SELECT min(hour) FROM rollups) * \(HistoryHour.length), time), time), max(time) FROM results
                """)
        let times = HistoryValues.times
        guard let row, let first = row.number(0, in: times), let last = row.number(1, in: times) else {
            return NothingInPeriod(description: "\(path) has no results yet.")
        }
        let bounds = [first, last].map { LocalTime(WallTime(nanoseconds: $0 * 1000)).text }
        return NothingInPeriod(
            description: "\(path) has no results \(period); what it has is from \(bounds[0]) to \(bounds[1]).")
    }
}

extension HistoryReport.Entry {
    fileprivate mutating func add(_ other: Self) {
        tally.merge(other.tally)
        outages.merge(other.outages)
    }
}
