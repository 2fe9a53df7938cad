/// Collected numbers, told as percentiles.
struct Distribution: Sendable {
    private var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }

    var summary: Summary? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return Summary(
            count: sorted.count, min: sorted[0], p50: Self.rank(sorted, 0.5), p90: Self.rank(sorted, 0.9),
            p99: Self.rank(sorted, 0.99), max: sorted[sorted.count - 1])
    }

    struct Summary: Encodable, Sendable {
        var count: Int
        var min: Double
        var p50: Double
        var p90: Double
        var p99: Double
        var max: Double
    }

    /// The nearest rank: a value that was measured, never one between two.
    private static func rank(_ sorted: [Double], _ share: Double) -> Double {
        sorted[Swift.max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
    }
}
