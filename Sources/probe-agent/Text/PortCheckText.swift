import ProbeNative

/// A port_check as nmap shows one: a table of what is interesting, and what the others are in one line.
enum PortCheckText {
    /// A state with more ports than this is summed up, unless it is open.
    private static let mostShown = 25

    static func render(_ report: PortCheckReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var lines = [heading(report, result, style)]
        let summed = PortState.allCases.filter { $0 != .open && report.count($0) > mostShown }
        let shown = report.entries.filter { !summed.contains($0.state) }
        if !shown.isEmpty { lines += table(shown, report, style) }
        for state in summed {
            let reasons = Set(report.entries.lazy.filter { $0.state == state }.map(\.reason.rawValue)).sorted()
            lines.append(
                "  "
                    + style.faint(
                        "not shown: \(report.count(state)) \(state.rawValue) (\(reasons.joined(separator: ", ")))"))
        }
        if let counts = counts(report) { lines.append("  " + counts) }
        return lines.map { $0 + "\n" }.joined() + Closing.lines(result, style)
    }

    private static func heading(_ report: PortCheckReport, _ result: ProbeResult, _ style: Style) -> String {
        let target = result.target.printable()
        let address = report.address.map { "\($0)" == target ? "" : " (\($0))" } ?? ""
        let ports = report.total == 1 ? "1 port" : "\(report.total) ports"
        return style.strong("\(target)\(address)") + "  " + style.faint("\(ports), \(report.transport)")
    }

    private static func table(
        _ entries: [PortCheckReport.Entry], _ report: PortCheckReport, _ style: Style
    ) -> [String] {
        let rows = entries.map { entry -> [String] in
            let reason = entry.reason.rawValue + (entry.sender.map { " from \($0)" } ?? "")
            let time = entry.roundTrip.map { PingText.decimal($0.inMilliseconds, places: 2) } ?? "-"
            return ["\(entry.port)/\(report.transport)", entry.state.rawValue, entry.service ?? "-", time, reason]
        }
        let heads = ["port", "state", "service", "ms", "reason"]
        let widths = heads.indices.map { column in
            max(heads[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        var lines = ["  " + style.faint(zip(heads, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmed)]
        for (entry, row) in zip(entries, rows) {
            var cells = zip(row, widths).map { $0.padded(to: $1) }
            if entry.state == .open { cells[1] = style.good(cells[1]) }
            if entry.state == .closed || entry.state == .unreachable { cells[1] = style.bad(cells[1]) }
            let banner = entry.banner.map { "  " + style.strong($0.printable()) } ?? ""
            lines.append("  " + cells.joined(separator: "  ").trimmed + banner)
        }
        return lines
    }

    /// "3 open, 65532 closed"
    private static func counts(_ report: PortCheckReport) -> String? {
        let counts = PortState.allCases.filter { report.count($0) > 0 }.map { "\(report.count($0)) \($0.rawValue)" }
        let missing = report.total - report.entries.count
        let all = counts + (missing > 0 && !counts.isEmpty ? ["\(missing) not tried"] : [])
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }
}
