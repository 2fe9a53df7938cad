import ProbeAgent
import ProbeNative

/// A report's numbers as people read them, in text and page alike.
enum HistoryWords {
    /// 0 to 1 as percent, never rounded up to 100 or down to 0: "99.98 %".
    static func percent(_ part: Double?) -> String {
        guard let part else { return "-" }
        if part >= 1 { return "100 %" }
        if part <= 0 { return "0 %" }
        return "\(PingText.decimal(min(99.99, max(0.01, part * 100)), places: 2)) %"
    }

    /// Three digits: "42 us", "0.42 ms", "12.3 ms", "1.23 s".
    static func latency(_ microseconds: Int64?) -> String {
        guard let microseconds else { return "-" }
        let milliseconds = Double(microseconds) / 1000
        switch milliseconds {
        case ..<0.1: return "\(microseconds) us"
        case ..<10: return "\(PingText.decimal(milliseconds, places: 2)) ms"
        case ..<100: return "\(PingText.decimal(milliseconds, places: 1)) ms"
        case ..<1000: return "\(PingText.decimal(milliseconds, places: 0)) ms"
        default: return "\(PingText.decimal(milliseconds / 1000, places: 2)) s"
        }
    }

    /// "42 s", "3 min", "5 h 10 min", "2 d 4 h".
    static func span(_ microseconds: Int64) -> String {
        let seconds = microseconds / 1_000_000
        func two(_ large: Int64, _ unit: String, _ small: Int64, _ smaller: String) -> String {
            small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smaller)"
        }
        switch seconds {
        case 0: return "under 1 s"
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return two(seconds / 3600, "h", seconds % 3600 / 60, "min")
        default: return two(seconds / 86400, "d", seconds % 86400 / 3600, "h")
        }
    }

    static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    static func time(_ microseconds: Int64) -> String { LocalTime(WallTime(nanoseconds: microseconds * 1000)).text }

    /// "2026-01-24 00:00 to 2026-01-31 12:00 (CET)".
    static func period(_ report: HistoryReport) -> String {
        "\(LocalTime(report.since).text) to \(LocalTime(report.until).text) (\(LocalTime.zone))"
    }

    /// Of all checks the five with the longest outage, that one first.
    static func withLongestOutages(_ report: HistoryReport) -> [HistoryReport.Entry] {
        let failed = report.checks.filter { $0.outages.longest != nil }
        return Array(
            failed.sorted { ($0.outages.longest?.length ?? 0) > ($1.outages.longest?.length ?? 0) }.prefix(5))
    }

    /// "longest 3 min from 2026-01-30 04:12, not over".
    static func longest(_ outages: HistoryReport.Outages) -> String? {
        outages.longest.map { "\(span($0.length)) from \(time($0.began))\($0.isOpen ? ", not over" : "")" }
    }
}
