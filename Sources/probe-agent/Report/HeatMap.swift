import ProbeAgent
import ProbeNative

/// Hours of the day across, days down, the latest last: red by how much failed, else blue by the median latency.
enum HeatMap {
    private static let shades = 5

    static func draw(_ hours: [Int64: HistoryReport.HourFigures], what: String, mostDays: Int, hasTitles: Bool)
        -> String
    {
        let cells = hours.map { (hour, figures) in (place: local(hour), figures: figures) }
        let days = Set(cells.map(\.place.day)).sorted().suffix(mostDays)
        let rows = Dictionary(uniqueKeysWithValues: days.enumerated().map { ($1, $0) })
        let medians = cells.filter { rows[$0.place.day] != nil }.compactMap(\.figures.median)
        let (low, high) = (medians.min() ?? 0, medians.max() ?? 0)
        var paths: [String: String] = [:]
        var titles = ""
        // In order, so that the same report is the same page.
        for cell in cells.sorted(by: { ($0.place.day, $0.place.hour) < ($1.place.day, $1.place.hour) }) {
            guard let row = rows[cell.place.day], let style = style(cell.figures, low, high) else { continue }
            paths[style, default: ""] += "M\(cell.place.hour) \(row)h1v1h-1z"
            if hasTitles {
                titles += "<rect class=\"t\" x=\"\(cell.place.hour)\" y=\"\(row)\" width=\"1\" height=\"1\"><title>"
                titles += "\(cell.place.text)\n\(HistoryWords.percent(cell.figures.availability))"
                titles += "\np50 \(HistoryWords.latency(cell.figures.median))</title></rect>"
            }
        }
        let drawn = paths.sorted { $0.key < $1.key }.map { "<path class=\"\($0)\" d=\"\($1)\"/>" }.joined()
        let label = HistoryPage.escape("Failures and latency by day and hour: \(what)")
        return """
            <figure class="heat">
            <div class="days">\(days.map { "<span>\($0.dropFirst(5))</span>" }.joined())</div>
            <svg viewBox="0 0 24 \(max(1, days.count))" preserveAspectRatio="none" role="img" aria-label="\(label)" \
            height="\(max(1, days.count) * 15)">\(drawn)\(titles)</svg>
            <div class="times"><span>0 h</span><span>6</span><span>12</span><span>18</span><span>24</span></div>
            </figure>
            """
    }

    private static func local(_ hour: Int64) -> LocalTime {
        LocalTime(WallTime(nanoseconds: hour * 3_600_000_000_000))
    }

    /// Nil where nothing was measured.
    private static func style(_ figures: HistoryReport.HourFigures, _ low: Int64, _ high: Int64) -> String? {
        guard let availability = figures.availability else { return nil }
        switch 1 - availability {
        case ...0:
            // Alike within a tenth is alike.
            let range = max(Double(high - low), Double(low) / 10, 1)
            let shade = figures.median.map { Int(Double($0 - low) / range * Double(shades)) } ?? 0
            return "q\(min(shades - 1, shade))"
        case ...0.01: return "f1"
        case ...0.1: return "f2"
        default: return "f3"
        }
    }

    static let legend = """
        <p class="legend"><span class="key">median latency, low to high:
        \((0..<shades).map { "<i class=\"q\($0)\"></i>" }.joined())</span>
        <span class="key">failed: <i class="f1"></i>to 1 %</span> <span class="key"><i class="f2"></i>to 10 %</span>
        <span class="key"><i class="f3"></i>more</span></p>
        """
}
