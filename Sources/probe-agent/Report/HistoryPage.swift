import ProbeAgent
import ProbeNative

/// A report as one page of HTML: no script, nothing from elsewhere, and a policy that allows neither. Drawings are SVG,
/// and every number they show by colour or height is in a table or in words too.
///
/// Its size is bounded: plots for `--most` checks (some 40 KB each), and lists of 1,000 at most.
enum HistoryPage {
    static let longestTable = 1000

    static func render(_ report: HistoryReport) -> String {
        let overall = report.overall
        var page = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(HistoryWords.percent(overall.tally.availability)) available: \(escape(report.file))</title>
            <style>
            \(HistoryPageStyle.text)
            </style>
            </head>
            <body>
            <main>
            <h1>\(escape(report.file))</h1>
            <p>\(HistoryWords.count(report.checks.count, "check")), \(escape(HistoryWords.period(report))).
            \(basis(report))</p>
            \(figures(overall, report))
            <div class="columns">
            \(list("Worst hours", overall.worstHours.map(hour)))
            \(list("Longest outages", outages(report)))
            \(list("Failures", report.codes(of: overall.tally).prefix(8).map { "<b>\($0.count)</b> <code>\(escape($0.code))</code>" }))
            </div>
            <h2>By hour of the day</h2>
            \(HeatMap.draw(report.overallSeries.hours, what: "all checks", mostDays: 31, hasTitles: true))
            \(HeatMap.legend)

            """
        page += "<h2>Checks, the worst first</h2>\n" + table("Check", report.checks, linked: report.series.count)
        if report.tools.count > 1 { page += "<h2>By tool</h2>\n" + table("Tool", report.tools) }
        if report.targets.count > 1, report.targets.count < report.checks.count {
            page += "<h2>By target</h2>\n" + table("Target", report.targets)
        }
        if !report.series.isEmpty {
            page += "<h2>Over time</h2>\n" + BandPlot.legend(report.width) + "\n"
            for index in report.series.indices { page += section(index, report) }
            let rest = report.checks.count - report.series.count
            if rest > 0 {
                page +=
                    "<p class=\"quiet\">\(HistoryWords.count(rest, "check")) with better results have no plot (--most).</p>\n"
            }
        }
        return page + "</main>\n</body>\n</html>\n"
    }

    private static func basis(_ report: HistoryReport) -> String {
        report.isExact
            ? "Counted from single results." : "Counted from sums of hours; percentiles are off by 1.6 % at most."
    }

    private static func section(_ index: Int, _ report: HistoryReport) -> String {
        let (entry, series) = (report.checks[index], report.series[index])
        let codes = report.codes(of: entry.tally).prefix(4).map { "<code>\(escape($0.code))</code> \($0.count)" }
        let facts = [
            entry.group.map { "group \(escape($0))" },
            HistoryWords.longest(entry.outages).map { "longest outage \($0)" },
        ]
        let line = (facts.compactMap(\.self) + codes).joined(separator: " &middot; ")
        return """
            <section id="check\(index + 1)">
            <h3>\(escape(entry.name))</h3>
            \(figures(entry, report))
            \(line.isEmpty ? "" : "<p class=\"quiet\">\(line)</p>")
            <div class="drawings">
            \(BandPlot.draw(series.columns, report, what: entry.name))
            \(HeatMap.draw(series.hours, what: entry.name, mostDays: 14, hasTitles: false))
            </div>
            </section>

            """
    }

    private static func figures(_ entry: HistoryReport.Entry, _ report: HistoryReport) -> String {
        let tally = entry.tally
        let percentiles = tally.percentiles([0.5, 0.9, 0.99])
        var pairs = [("available", availability(tally))]
        pairs += zip(["p50", "p90", "p99"], percentiles).map { ($0, HistoryWords.latency($1)) }
        if tally.loss != nil { pairs.append(("packets lost", HistoryWords.percent(tally.loss))) }
        pairs.append(("outages", "\(entry.outages.count)"))
        pairs.append(("measured", "\(tally.measured)"))
        if tally.unmeasured > 0 { pairs.append(("not measured", "\(tally.unmeasured)")) }
        return "<dl class=\"figures\">" + pairs.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" }.joined() + "</dl>"
    }

    private static func availability(_ tally: HistoryTally) -> String {
        let word = HistoryWords.percent(tally.availability)
        guard let part = tally.availability else { return word }
        return "<span class=\"\(part >= 1 ? "good" : part >= 0.99 ? "warn" : "bad")\">\(word)</span>"
    }

    private static func table(_ heading: String, _ entries: [HistoryReport.Entry], linked: Int = 0) -> String {
        let names = ["Available", "Failed", "Measured", "p50", "p90", "p99", "Lost", "Outages", "Longest"]
        var text =
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(heading)s\"><table>\n<thead><tr>"
        text += "<th scope=\"col\">\(heading)</th>"
        text += names.map { "<th scope=\"col\" class=\"num\">\($0)</th>" }.joined() + "</tr></thead>\n<tbody>\n"
        for (index, entry) in entries.prefix(longestTable).enumerated() {
            let tally = entry.tally
            let percentiles = tally.percentiles([0.5, 0.9, 0.99]).map { HistoryWords.latency($0) }
            let name = escape(entry.name)
            let cells =
                [availability(tally), "\(tally.failed)", "\(tally.measured)"]
                + (0..<3).map { percentiles.indices.contains($0) ? percentiles[$0] : "-" }
                + [
                    tally.loss.map { HistoryWords.percent($0) } ?? "", "\(entry.outages.count)",
                    entry.outages.longest.map { HistoryWords.span($0.length) } ?? "",
                ]
            text += "<tr><th scope=\"row\">\(index < linked ? "<a href=\"#check\(index + 1)\">\(name)</a>" : name)</th>"
            text += cells.map { "<td class=\"num\">\($0)</td>" }.joined() + "</tr>\n"
        }
        text += "</tbody></table></div>\n"
        let rest = entries.count - longestTable
        return rest > 0 ? text + "<p class=\"quiet\">\(rest) more are in the JSON report.</p>\n" : text
    }

    private static func list(_ heading: String, _ items: [String]) -> String {
        let body = items.isEmpty ? "<p class=\"quiet\">none</p>" : "<ul>\(items.map { "<li>\($0)</li>" }.joined())</ul>"
        return "<div><h2>\(heading)</h2>\(body)</div>"
    }

    private static func hour(_ hour: HistoryReport.Hour) -> String {
        let p90 = HistoryWords.latency(hour.tally.percentiles([0.9]).first)
        return "\(LocalTime(hour.start).text) &middot; \(availability(hour.tally)) &middot; p90 \(p90)"
    }

    private static func outages(_ report: HistoryReport) -> [String] {
        HistoryWords.withLongestOutages(report).map { "\(escape($0.name)): \(HistoryWords.longest($0.outages) ?? "")" }
    }

    /// For text and for attributes in quotes. Names come from a file of checks: control characters and what turns the
    /// direction of writing is shown, not obeyed. By scalars, as a browser reads: one with a mark before or behind it is
    /// another `Character`.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.printable().unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
