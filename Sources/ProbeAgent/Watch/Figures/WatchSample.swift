import ProbeNative

/// One figure of a result.
struct WatchSample: Sendable, Hashable {
    var metric: WatchMetric
    /// Beside the check's own.
    var labels: [Check.Label] = []
    var value: Double
}

/// Samples as they are found; what was not measured is not there.
struct WatchSamples: Sendable {
    private(set) var all: [WatchSample] = []

    mutating func add(_ metric: WatchMetric, _ value: Double?, _ label: String? = nil, _ text: String = "") {
        guard let value, value.isFinite else { return }
        all.append(
            WatchSample(metric: metric, labels: label.map { [.init(name: $0, value: text)] } ?? [], value: value))
    }
    mutating func add(_ metric: WatchMetric, _ value: Int?) { add(metric, value.map(Double.init)) }
    mutating func add(_ metric: WatchMetric, _ value: Bool?) { add(metric, value.map { $0 ? 1 : 0 }) }
    mutating func add(_ metric: WatchMetric, _ value: Duration?, phase: String? = nil) {
        add(metric, value?.inSeconds, phase.map { _ in "phase" }, phase ?? "")
    }
    mutating func add(_ sample: WatchSample) { all.append(sample) }

    /// By metric, as both outputs write them.
    var sorted: [WatchSample] {
        all.enumerated().sorted { ($0.element.metric.rawValue, $0.offset) < ($1.element.metric.rawValue, $1.offset) }
            .map(\.element)
    }
}

extension WallTime {
    var unixSeconds: Double { Double(nanoseconds) / 1e9 }
}
