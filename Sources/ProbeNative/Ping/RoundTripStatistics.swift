/// Statistics of round-trip times in their order of sending; in milliseconds, nil where there are too few.
public struct RoundTripStatistics: Sendable, Hashable {
    public let minimum: Double?
    public let average: Double?
    public let maximum: Double?
    /// Of the population, as ping(8)'s mdev.
    public let deviation: Double?
    public let median: Double?
    /// Mean of |difference| of consecutive replies.
    public let jitter: Double?

    public init(_ times: [Duration]) {
        let values = times.map(\.inMilliseconds)
        let sorted = values.sorted()
        minimum = sorted.first
        maximum = sorted.last
        guard !values.isEmpty else {
            (average, deviation, median, jitter) = (nil, nil, nil, nil)
            return
        }
        let mean = values.reduce(0, +) / Double(values.count)
        average = mean
        deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        let steps = zip(values.dropFirst(), values).map { abs($0 - $1) }
        jitter = steps.isEmpty ? nil : steps.reduce(0, +) / Double(steps.count)
    }
}
