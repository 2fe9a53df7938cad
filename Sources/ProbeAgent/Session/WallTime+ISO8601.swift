import FoundationEssentials
import ProbeNative


extension WallTime {
    /// Reads `2026-01-31T12:34:56Z` with or without a fraction, an offset, or (as Python's isoformat writes it) neither:
    /// then it is UTC.
    init?(iso8601 text: String) {
        let zone = text.dropFirst(11).firstIndex { $0 == "Z" || $0 == "+" || $0 == "-" } ?? text.endIndex
        let (local, offset) = (text[..<zone], zone == text.endIndex ? "Z" : text[zone...])
        let parts = local.split(separator: ".", maxSplits: 1)
        guard let whole = parts.first, let date = try? Date(whole + offset, strategy: .iso8601) else { return nil }
        var nanoseconds: Int64 = 0
        if parts.count == 2 {
            let digits = parts[1].prefix(9)
            guard let fraction = Int64(digits) else { return nil }
            nanoseconds = (0..<(9 - digits.count)).reduce(fraction) { value, _ in value * 10 }
        }
        self.init(nanoseconds: Int64(date.timeIntervalSince1970) * 1_000_000_000 + nanoseconds)
    }
}
