import ProbeNative

/// What a history says of a period. Times are microseconds since 1970 UTC, latencies microseconds.
public struct HistoryReport: Sendable {
    public struct Outage: Sendable, Hashable {
        public var check: String
        /// Within the period.
        public var began: Int64
        public var ended: Int64
        /// It was not over when the file's last result came, or at the period's end.
        public var isOpen: Bool
        public var length: Int64 { ended - began }
    }

    public struct Outages: Sendable, Hashable {
        public var count = 0
        public var total: Int64 = 0
        public var longest: Outage?

        mutating func add(_ outage: Outage) {
            count += 1
            total +|= outage.length
            if outage.length > longest?.length ?? -1 { longest = outage }
        }
        mutating func merge(_ other: Outages) {
            count += other.count
            total +|= other.total
            if let outage = other.longest, outage.length > longest?.length ?? -1 { longest = outage }
        }
    }

    public struct Hour: Sendable, Hashable {
        /// Since 1970.
        public var hour: Int64
        public var tally: HistoryTally
        public var start: WallTime { WallTime(nanoseconds: hour * HistoryHour.length * 1000) }
    }

    /// A check, or all of a tool or a target.
    public struct Entry: Sendable {
        public var name: String
        public var tool: String?
        public var target: String?
        public var group: String?
        public var tally = HistoryTally()
        public var outages = Outages()
        /// Those with least availability, then the slowest; where something was measured.
        public var worstHours: [Hour] = []

        public init(name: String, tool: String? = nil, target: String? = nil, group: String? = nil) {
            (self.name, self.tool, self.target, self.group) = (name, tool, target, group)
        }
    }

    /// How a check, or all of them, went over the period.
    public struct Series: Sendable {
        /// From `HistoryReport.start` on, each `width` long.
        public var columns: [HistoryTally]
        /// Only the counts of its hours and their median.
        public var hours: [Int64: HourFigures]
    }

    public struct HourFigures: Sendable, Hashable {
        public var availability: Double?
        public var median: Int64?

        init(_ tally: HistoryTally) {
            availability = tally.availability
            median = tally.percentiles([0.5]).first
        }
    }

    public var file: String
    /// A report from roll-ups begins with a whole hour.
    public var since: WallTime
    public var until: WallTime
    /// From results and not from roll-ups.
    public var isExact: Bool
    public var overall: Entry
    /// Each list is sorted: what went worst first.
    public var checks: [Entry]
    public var tools: [Entry]
    public var targets: [Entry]
    /// Of the first checks.
    public var series: [Series]
    public var overallSeries: Series
    /// Of a column, in microseconds.
    public var width: Int64
    /// By number of the outcome.
    var codes: [Int64: String]

    /// Where columns begin, in microseconds.
    public var start: Int64

    /// How often each code came, the most frequent first.
    public func codes(of tally: HistoryTally) -> [(code: String, count: Int)] {
        tally.outcomes.map { (codes[$0.key] ?? "unknown", $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }
}

extension HistoryReport.Entry {
    /// What a reader has to look at comes first.
    static func isWorse(_ a: Self, _ b: Self) -> Bool {
        let (first, second) = (a.badness, b.badness)
        return first == second ? a.name < b.name : second.lexicographicallyPrecedes(first)
    }

    private var badness: [Double] {
        [
            tally.availability.map { 1 - $0 } ?? -1, tally.loss ?? 0, Double(tally.percentiles([0.9]).first ?? 0),
        ]
    }
}

extension [HistoryReport.Hour] {
    /// Keeps the worst of those it is given.
    mutating func note(_ hour: Int64, _ tally: HistoryTally, most: Int = 5) {
        guard tally.measured > 0 else { return }
        append(.init(hour: hour, tally: tally))
        guard count > most * 8 else { return }
        self = worst(most)
    }

    func worst(_ most: Int = 5) -> Self {
        let keyed = map { hour in
            (
                hour,
                [hour.tally.availability ?? 1, -Double(hour.tally.percentiles([0.9]).first ?? 0), Double(hour.hour)]
            )
        }
        return keyed.sorted { $0.1.lexicographicallyPrecedes($1.1) }.prefix(most).map(\.0)
    }
}
