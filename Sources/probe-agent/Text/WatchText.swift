import ProbeAgent
import ProbeNative

/// A watch's results for people: a line each, or all in one table.
enum WatchText {
    // MARK: Lines

    /// `2026-01-31T12:34:56.789Z ok      ping 192.0.2.1: 0% loss, 1.23 ms`.
    static func line(_ event: WatchEvent, _ style: Style) -> String? {
        switch event {
        case .checks: return nil
        case .result(let result):
            return "\(result.result.finishedAt.iso8601) \(verdict(result, style)) "
                + "\(result.check.id.printable()): \(detail(result))"
        case .change(let change):
            let word = change.isFailing ? style.bad("FAILING   ") : style.good("RECOVERED ")
            let since = change.previousSince.map { " (was so since \($0.iso8601))" } ?? ""
            return
                "\(change.result.result.finishedAt.iso8601) \(word) \(change.check.id.printable())\(change.isFailing ? "" : since)"
        }
    }

    private static func verdict(_ result: CheckResult, _ style: Style) -> String {
        let word = result.verdict.rawValue.padded(to: 10)
        return result.verdict == .ok ? style.good(word) : style.bad(word)
    }

    /// What was measured, and where it failed why.
    static func detail(_ result: CheckResult) -> String {
        let measured = measure(result)
        guard let failure = result.result.outcome.failure else { return measured }
        return "\(failure.code.rawValue), \(measured): \(failure.detail.printable())"
    }

    /// The numbers that a person looks at first.
    static func measure(_ result: CheckResult) -> String {
        let run = "\(PingText.decimal(result.duration.inMilliseconds, places: 2)) ms"
        switch result.result.outcome.report {
        case let report as PingReport:
            guard let loss = report.loss else { return run }
            let average = report.statistics.average.map { ", \(PingText.decimal($0, places: 2)) ms" } ?? ""
            return "\(PingText.decimal(loss, places: 0))% loss\(average)"
        case let report as HTTPReport: return (report.last.status.map { "\($0), " } ?? "") + run
        default: return run
        }
    }

    // MARK: The table

    /// As many rows as the terminal has, what fails first.
    static func table(
        _ rows: [WatchBoard.Row], _ size: (columns: Int, rows: Int), at now: WallTime, _ style: Style
    ) -> String {
        let failing = rows.filter { state($0) == .failing }
        let pending = rows.count { state($0) == .pending }
        var text =
            style.strong("\(rows.count) checks") + ": \(rows.count - failing.count - pending) ok, "
            + (failing.isEmpty ? "0 failing" : style.bad("\(failing.count) failing"))
            + (pending > 0 ? ", \(pending) pending" : "") + "\n"
        let room = max(1, size.rows - 3)
        // In the file's order unless there is no room for all.
        let shown = rows.count <= room ? rows : Array((failing + rows.filter { state($0) != .failing }).prefix(room))
        let target = width(shown.map { $0.check.target.printable() }, "target", most: max(20, size.columns / 3))
        let tool = width(shown.map(\.check.tool), "tool", most: 12)
        text +=
            style.faint(
                "target".padded(to: target) + "  " + "tool".padded(to: tool) + "  state     since   last    result")
            + "\n"
        for row in shown {
            text +=
                fit(row.check.target.printable(), target) + "  " + row.check.tool.padded(to: tool) + "  "
                + word(row, style) + "  " + age(row.last?.state.since, now).padded(to: 6) + "  "
                + age(row.last?.result.finishedAt, now).padded(to: 6) + "  " + (row.last.map(detail) ?? "-") + "\n"
        }
        if shown.count < rows.count { text += style.faint("... and \(rows.count - shown.count) more") + "\n" }
        return text
    }

    private static func state(_ row: WatchBoard.Row) -> CheckState.Condition { row.last?.state.condition ?? .pending }

    private static func word(_ row: WatchBoard.Row, _ style: Style) -> String {
        // Nothing is known of it for another reason than that it has not run.
        if row.last?.verdict == .unmeasured { return style.bad("unknown ") }
        let text = state(row).rawValue.padded(to: 8)
        return switch state(row) {
        case .ok: style.good(text)
        case .failing: style.bad(text)
        case .pending: style.faint(text)
        }
    }

    private static func width(_ texts: [String], _ heading: String, most: Int) -> Int {
        min(most, max(heading.count, texts.map(\.count).max() ?? 0))
    }

    private static func fit(_ text: String, _ width: Int) -> String {
        text.count <= width ? text.padded(to: width) : text.prefix(width - 1) + "~"
    }

    /// "5s", "12m", "3h", "4d".
    static func age(_ time: WallTime?, _ now: WallTime) -> String {
        guard let time else { return "-" }
        let seconds = max(0, (now.nanoseconds - time.nanoseconds) / 1_000_000_000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86400)d"
        }
    }
}
