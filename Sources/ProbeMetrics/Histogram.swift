/// How often times were how long, in fixed buckets.
public final class Histogram: Sendable {
    public struct Snapshot: Sendable, Hashable {
        /// Of each bucket by itself; the last has no upper bound.
        public var counts: [Int]
        /// Seconds.
        public var sum: Double
    }

    /// From a millisecond, which a lookup in a cache takes, to the minutes of a long traceroute.
    public static let jobTimes = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

    /// Seconds, rising: each bucket holds what is at most its bound.
    public let bounds: [Double]
    private let nanoseconds: [Int]
    /// A counter a bucket, then the sum.
    private let counters: Counters

    public init(_ bounds: [Double]) {
        self.bounds = bounds
        nanoseconds = bounds.map { Int($0 * 1e9) }
        counters = Counters(bounds.count + 2)
    }

    public func observe(nanoseconds value: Int) {
        var bucket = 0
        while bucket < nanoseconds.count, nanoseconds[bucket] < value { bucket += 1 }
        counters.add(at: bucket)
        counters.add(value, at: bounds.count + 1)
    }

    /// Taken counter by counter: one that is added to meanwhile is in this snapshot or the next.
    public var snapshot: Snapshot {
        Snapshot(counts: (0...bounds.count).map { counters[$0] }, sum: Double(counters[bounds.count + 1]) / 1e9)
    }

    public var isEmpty: Bool { snapshot.counts.allSatisfy { $0 == 0 } }
}
