import ProbeAgent
import ProbeNative

/// A report for a terminal, a hundred columns wide.
enum HistoryText {
    static func render(_ report: HistoryReport, _ style: Style) -> String {
        var text = style.strong(report.file.printable()) + "  \(HistoryWords.period(report))\n"
        let overall = report.overall
        text += "\(HistoryWords.count(report.checks.count, "check")), "
        text += "\(HistoryWords.count(overall.tally.measured, "measurement"))"
        if overall.tally.unmeasured > 0 { text += ", \(overall.tally.unmeasured) could not be made" }
        text += "\n\n" + table("check", report.checks, report, style)
        if report.checks.count > report.series.count {
            text += style.faint("... and \(report.checks.count - report.series.count) more (--most)") + "\n"
        }
        if report.tools.count > 1 { text += "\n" + table("tool", report.tools, report, style) }
        if report.targets.count > 1, report.targets.count < report.checks.count {
            text += "\n" + table("target", report.targets, report, style)
        }
        if report.checks.count > 1 { text += "\n" + table("", [overall], report, style) }
        text += lines(
            "Longest outage",
            HistoryWords.withLongestOutages(report).compactMap { entry in
                HistoryWords.longest(entry.outages).map { "\(entry.name.printable()): \($0)" }
            })
        text += lines(
            "Worst hours",
            overall.worstHours.map { hour in
                "\(LocalTime(hour.start).text)  \(HistoryWords.percent(hour.tally.availability).padded(to: 9)) "
                    + "p90 \(HistoryWords.latency(hour.tally.percentiles([0.9]).first))"
            })
        text += lines(
            "Failures",
            report.codes(of: overall.tally).prefix(10).map { "\(String($0.count).padded(to: 7)) \($0.code)" })
        return text
    }

    private static func lines(_ heading: String, _ lines: [String]) -> String {
        lines.isEmpty ? "" : "\n\(heading):\n" + lines.map { "  \($0)\n" }.joined()
    }

    /// Checks have a line of time behind them, of those that have a series.
    private static func table(
        _ heading: String, _ entries: [HistoryReport.Entry], _ report: HistoryReport, _ style: Style
    ) -> String {
        let isOfChecks = heading == "check"
        let shown = isOfChecks ? entries.prefix(report.series.count) : entries.prefix(max(1, report.series.count))
        let width = min(34, max(heading.count, shown.map { $0.name.printable().count }.max() ?? 0))
        var text = heading.padded(to: width) + "  available       p50       p90       p99     loss  outages"
        text = style.faint(
            text + (isOfChecks ? "  \(HistoryWords.span(report.since.microseconds(to: report.until)))" : ""))
        text += "\n"
        for (index, entry) in shown.enumerated() {
            let latency = entry.tally.percentiles([0.5, 0.9, 0.99]).map { HistoryWords.latency($0) }
            let figures = [
                (0..<3).map { right(latency.indices.contains($0) ? latency[$0] : "-", 10) }.joined(),
                right(entry.tally.loss.map { HistoryWords.percent($0) } ?? "", 9), right("\(entry.outages.count)", 9),
            ]
            let available = right(HistoryWords.percent(entry.tally.availability), 9)
            let name = entry.name.printable()
            text += (name.count > width ? name.prefix(width - 1) + "~" : name.padded(to: width)) + "  "
            text += ((entry.tally.availability ?? 0) < 1 ? style.bad(available) : style.good(available))
            text += figures.joined()
            if isOfChecks { text += "  " + sparkline(report.series[index].columns, style) }
            text += "\n"
        }
        return text
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static let marks = Array("▁▂▃▄▅▆▇█")
    private static let sparks = 24

    /// Median latency by height; in red, and as x where nothing came through, where something failed; blank: not
    /// measured.
    static func sparkline(_ columns: [HistoryTally], _ style: Style) -> String {
        guard !columns.isEmpty else { return "" }
        let count = min(sparks, columns.count)
        let parts = (0..<count).map { part in
            columns[(part * columns.count / count)..<((part + 1) * columns.count / count)]
                .reduce(into: HistoryTally()) { $0.merge($1) }
        }
        let medians = parts.map { $0.percentiles([0.5]).first }
        let (low, high) = (medians.compactMap(\.self).min() ?? 0, medians.compactMap(\.self).max() ?? 0)
        return zip(parts, medians).map { part, median in
            guard part.measured > 0 else { return " " }
            guard part.ok > 0, let median else { return part.failed > 0 ? style.bad("x") : " " }
            // Where all are alike within a tenth, a line is flat: noise is no news.
            let range = max(Double(high - low), Double(low) / 10, 1)
            let mark = String(marks[Int(Double(median - low) / range * Double(marks.count - 1))])
            return part.failed > 0 ? style.bad(mark) : mark
        }.joined()
    }
}

extension WallTime {
    fileprivate func microseconds(to other: WallTime) -> Int64 { (other.nanoseconds - nanoseconds) / 1000 }
}
