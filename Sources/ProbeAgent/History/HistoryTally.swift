/// What results of some time amount to. Sums of tallies are tallies.
public struct HistoryTally: Sendable, Hashable {
    public var ok = 0
    public var failed = 0
    public var unmeasured = 0
    /// Of all latencies, in microseconds.
    public var sum: Int64 = 0
    public var minimum: Int64?
    public var maximum: Int64?
    public var latencies = LatencyHistogram()
    /// Packets of pings.
    public var sent = 0
    public var lost = 0
    /// How often each code came, by number of its outcome (`HistorySchema`).
    public var outcomes: [Int64: Int] = [:]

    public init() {}

    public var measured: Int { ok +| failed }
    /// 0 to 1; nil where nothing was measured.
    public var availability: Double? { measured == 0 ? nil : Double(ok) / Double(measured) }
    /// 0 to 1; nil without pings.
    public var loss: Double? { sent == 0 ? nil : Double(lost) / Double(sent) }
    /// Microseconds.
    public var mean: Double? { latencies.count == 0 ? nil : Double(sum) / Double(latencies.count) }

    /// Microseconds; never outside of what was measured.
    public func percentiles(_ parts: [Double]) -> [Int64] {
        let (low, high) = (minimum ?? 0, maximum ?? .max)
        return latencies.percentiles(parts).map { min(max($0, low), high) }
    }

    mutating func add(latency: Int64) {
        sum +|= latency
        minimum = min(minimum ?? latency, latency)
        maximum = max(maximum ?? latency, latency)
        latencies.add(latency)
    }

    public mutating func merge(_ other: HistoryTally) {
        ok +|= other.ok
        failed +|= other.failed
        unmeasured +|= other.unmeasured
        sum +|= other.sum
        minimum = other.minimum.map { min(minimum ?? $0, $0) } ?? minimum
        maximum = other.maximum.map { max(maximum ?? $0, $0) } ?? maximum
        latencies.merge(other.latencies)
        sent +|= other.sent
        lost +|= other.lost
        for (outcome, times) in other.outcomes { outcomes[outcome, default: 0] +|= times }
    }
}
