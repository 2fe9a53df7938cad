import ProbeAgent
import ProbeNative

/// Latency over time: the middle four fifths of a column's results as smoke, the middle half darker, the median as a
/// line in the colour of its loss; below it how much failed.
enum BandPlot {
    private static let height = 400

    /// Loss up to, its class of style and its words.
    private static let losses: [(limit: Double, style: String, words: String)] = [
        (0, "l0", "none lost"), (0.01, "l1", "to 1 %"), (0.1, "l2", "to 10 %"), (0.5, "l3", "to 50 %"),
        (1, "l4", "more"),
    ]

    private static func loss(_ tally: HistoryTally) -> Int {
        let part = tally.loss ?? tally.availability.map { 1 - $0 } ?? 0
        return losses.firstIndex { part <= $0.limit } ?? losses.count - 1
    }

    static func draw(_ columns: [HistoryTally], _ report: HistoryReport, what: String) -> String {
        let bands = columns.map { $0.percentiles([0.1, 0.25, 0.5, 0.75, 0.9]) }
        // With some air, so that a line at the top is seen.
        let top = ceiling((bands.compactMap(\.last).max() ?? 0) * 21 / 20)
        func y(_ value: Int64) -> Int { height - Int(Double(value) / Double(top) * Double(height)) }
        func box(_ x: Int, _ low: Int64, _ high: Int64) -> String { "M\(x) \(y(high))h1V\(y(low) + 1)h-1z" }

        var (smoke, core, lost) = ("", "", "")
        var medians = [String](repeating: "", count: losses.count)
        var strip = ["ok": "", "part": "", "down": ""]
        var titles = ""
        for (x, tally) in columns.enumerated() where tally.measured + tally.unmeasured > 0 {
            if let band = bands[x].count == 5 ? bands[x] : nil {
                smoke += box(x, band[0], band[4])
                core += box(x, band[1], band[3])
                medians[loss(tally)] += "M\(x) \(y(band[2]))h1"
            } else if tally.failed > 0 {
                lost += "M\(x) 0h1v\(height)h-1z"
            }
            if tally.measured > 0 {
                strip[tally.failed == 0 ? "ok" : tally.ok == 0 ? "down" : "part", default: ""] += "M\(x) 0h1v1h-1z"
            }
            titles +=
                "<rect class=\"t\" x=\"\(x)\" width=\"1\" height=\"\(height)\"><title>\(title(tally, x, report))</title></rect>"
        }
        let paths =
            [("smoke", smoke), ("core", core), ("lost", lost)] + zip(losses.map { "median " + $0.style }, medians)
        let drawn = paths.filter { !$0.1.isEmpty }.map { "<path class=\"\($0.0)\" d=\"\($0.1)\"/>" }.joined()
        let strips = ["ok", "part", "down"].map { "<path class=\"\($0)\" d=\"\(strip[$0] ?? "")\"/>" }.joined()
        let label = HistoryPage.escape("Latency over time: \(what)")
        return """
            <figure class="plot">
            <div class="scale">\(bands.allSatisfy(\.isEmpty) ? "" : scale(top))</div>
            <svg class="band" viewBox="0 0 \(columns.count) \(height)" preserveAspectRatio="none" role="img" aria-label="\(label)">\
            <path class="grid" d="M0 \(height / 2)h\(columns.count)M0 0h\(columns.count)"/>\(drawn)\(titles)</svg>
            <svg class="strip" viewBox="0 0 \(columns.count) 1" preserveAspectRatio="none" aria-hidden="true">\(strips)</svg>
            <div class="times">\(times(report))</div>
            </figure>
            """
    }

    private static func scale(_ top: Int64) -> String {
        "<span>\(HistoryWords.latency(top))</span><span>\(HistoryWords.latency(top / 2))</span><span>0</span>"
    }

    private static func title(_ tally: HistoryTally, _ column: Int, _ report: HistoryReport) -> String {
        let percentiles = tally.percentiles([0.5, 0.9])
        var parts = [HistoryWords.time(report.start + Int64(column) * report.width)]
        parts.append("\(HistoryWords.percent(tally.availability)) of \(tally.measured)")
        if let median = percentiles.first, let p90 = percentiles.last {
            parts.append("p50 \(HistoryWords.latency(median)), p90 \(HistoryWords.latency(p90))")
        }
        if let loss = tally.loss, loss > 0 { parts.append("\(HistoryWords.percent(loss)) lost") }
        return parts.joined(separator: "\n")
    }

    private static func times(_ report: HistoryReport) -> String {
        let (start, end) = (report.start, report.until.nanoseconds / 1000)
        return (0...Int64(2)).map { "<span>\(HistoryWords.time(start + (end - start) * $0 / 2))</span>" }.joined()
    }

    /// The next of 1, 2, 5, 10, ... above.
    private static func ceiling(_ value: Int64) -> Int64 {
        var unit: Int64 = 10
        while true {
            for step in [unit, 2 * unit, 5 * unit] where step >= value { return step }
            unit *= 10
        }
    }

    static func legend(_ width: Int64) -> String {
        """
        <p class="legend">A column is \(HistoryWords.span(width)):
        <span class="key"><i class="core"></i>middle half of the latencies</span>
        <span class="key"><i class="smoke"></i>middle 80 %</span>
        <span class="key">median, by loss:</span>
        \(losses.map { "<span class=\"key\"><i class=\"\($0.style)\"></i>\($0.words)</span>" }.joined(separator: "\n"))
        <span class="key"><i class="ok"></i>all well</span>
        <span class="key"><i class="part"></i>some failed</span>
        <span class="key"><i class="down"></i>all failed</span></p>
        """
    }
}
