import ProbeNative

/// The table of mtr(8), final or in the making.
enum MTRText {
    static func render(_ report: MTRReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = table(report, target: result.target, style)
        if let failure = result.outcome.failure {
            text += style.bad(failure.detail.printable()) + "\n"
        }
        return text
    }

    /// Heading, a row for each hop, rows for its further addresses, and what has changed.
    static func table(_ report: MTRReport, target: String, _ style: Style) -> String {
        let hops = report.hops
        let addresses = hops.flatMap { $0.addresses.map(\.address) }
        let names = HostColumn(addresses, report.facts, least: 4)
        var text = style.strong(headline(report, target)) + "\n"
        let columns = ["loss", "sent", "last", "avg", "best", "worst", "stddev", "jitter"]
        let head = "hop  " + "host".padded(to: names.width) + cells(columns)
        text += style.faint(head) + "\n"
        for hop in hops { text += rows(hop, names, style).map { $0 + "\n" }.joined() }
        for change in report.changes.suffix(5) {
            text += style.faint(
                "cycle \(change.cycle): hop \(change.hop) changed from \(change.from) to \(change.to)\n")
        }
        return text
    }

    private static func headline(_ report: MTRReport, _ target: String) -> String {
        let flows = report.flows > 1 ? ", \(report.flows) flows" : ""
        return TraceText.target("mtr", report.address, report.parameters, target)
            + "\(flows), cycle \(report.cyclesDone) of \(report.cyclesWanted)"
    }

    private static func rows(_ hop: MTRReport.Hop, _ names: HostColumn, _ style: Style) -> [String] {
        let number = TraceText.right("\(hop.hop)", 3) + "  "
        guard let first = hop.addresses.first else {
            return [style.faint(number + "*".padded(to: names.width) + cells(values(hop.statistics).prefix(2)))]
        }
        let remark = hop.isRateLimitSuspected ? "  " + style.faint("answers rate-limited?") : ""
        let loss = colored(cells(values(hop.statistics)), hop, style)
        var rows = [number + names.padded(first.address, style.strong, style) + loss + remark]
        if hop.addresses.count > 1 {
            rows += hop.addresses.dropFirst().map { other in
                "     " + names.padded(other.address, { $0 }, style) + style.faint(cells(values(other.statistics)))
            }
        }
        if !hop.labels.isEmpty { rows.append(TraceText.labels(hop.labels, style)) }
        return rows
    }

    /// Losses that are the path's own stand out.
    private static func colored(_ cells: String, _ hop: MTRReport.Hop, _ style: Style) -> String {
        hop.statistics.lost > 0 && !hop.isRateLimitSuspected ? style.bad(cells) : cells
    }

    private static func values(_ statistics: MTRStatistics) -> [String] {
        let all = statistics.all
        let times: [Double?] = [
            statistics.last?.inMilliseconds, all.average, all.minimum, all.maximum, all.deviation, statistics.jitter,
        ]
        let loss = statistics.loss.map { PingText.decimal($0, places: 1) + "%" } ?? "-"
        return [loss, "\(statistics.sent)"] + times.map { $0.map { PingText.decimal($0, places: 2) } ?? "-" }
    }

    private static func cells(_ values: some Sequence<String>) -> String {
        values.map { TraceText.right($0, 8) }.joined()
    }
}
