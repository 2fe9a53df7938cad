import ProbeNative
import ProbeTesting

@testable import ProbeAgent

/// A history in a folder of its own, with rows made by hand. Its times are those of `ManualTime`: 2026 begins.
struct HistoryBench {
    let folder: TemporaryFolder
    let path: String
    let store: HistoryStore
    let time = ManualTime()

    static let hour = HistoryHour.length
    static let minute = hour / 60
    /// 2026-01-01T00:00:00Z.
    static let begin = Int64(1_767_225_600_000_000)

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("history.db")
        store = try HistoryStore(path)
    }

    static func check(_ name: String, tool: String = "http", group: String? = nil) -> HistoryCheck {
        HistoryCheck(name: name, tool: tool, target: "\(name).test", group: group)
    }

    /// - Parameter at: microseconds after `begin`.
    static func row(
        _ name: String, at: Int64, _ verdict: CheckResult.Verdict = .ok, code: String = "", latency: Int64? = nil,
        sent: Int? = nil, lost: Int? = nil, tool: String = "http"
    ) -> HistoryRow {
        HistoryRow(
            check: check(name, tool: tool), time: begin + at, verdict: verdict, code: code, latency: latency,
            sent: sent,
            lost: lost)
    }

    /// Rolls up and forgets until nothing is left to do.
    func maintain(_ ages: HistoryAges = .forever, at: Int64) throws {
        while try store.maintain(ages, at: WallTime(nanoseconds: (Self.begin + at) * 1000)) {}
    }

    /// - Parameters: microseconds after `begin`.
    func report(
        from since: Int64, to until: Int64, plotted: Int = 30, _ filter: (inout HistoryQuery) -> Void = { _ in }
    )
        throws -> HistoryReport
    {
        var query = HistoryQuery(
            since: WallTime(nanoseconds: (Self.begin + since) * 1000),
            until: WallTime(nanoseconds: (Self.begin + until) * 1000))
        filter(&query)
        return try HistoryReader(path).report(query, plotted: plotted)
    }

    /// What sqlite3 reads.
    func sql(_ text: String) async throws -> [String] {
        let read = try await Oracle.run("sqlite3", ["-readonly", path, text])
        guard read.isSuccess else { throw ConfigurationError(read.errors) }
        return read.lines
    }

    /// Three checks over three days, a result a minute each: `good`, `flaky` with a failed ten minutes each day at
    /// 03:00, `lossy`, a ping that loses every tenth packet at noon.
    static func threeDays() -> [HistoryRow] {
        var rows: [HistoryRow] = []
        for index in Int64(0)..<3 * 24 * 60 {
            let (at, ofDay) = (index * minute, index % (24 * 60))
            rows.append(row("good", at: at, latency: 1000 + index % 100))
            let fails = (180..<190).contains(ofDay)
            rows.append(
                row(
                    "flaky", at: at + 1, fails ? .failed : .ok, code: fails ? "connection_refused" : "",
                    latency: fails ? nil : 20_000 + ofDay * 10))
            let isNoon = ofDay / 60 == 12
            rows.append(row("lossy", at: at + 2, latency: 5000, sent: 10, lost: isNoon ? 1 : 0, tool: "ping"))
        }
        return rows
    }
}

extension HistoryAges {
    static let forever = HistoryAges(results: .max / 4, rollups: .max / 4)
}
