import ProbeMetrics
import ProbeNative

/// The figures of all checks that are watched: of each its last result's and what is counted since it is watched.
struct WatchFigures: Sendable {
    struct Entry: Sendable {
        /// The check's own, as the output writes them.
        var labels: String
        var tool: String
        var target: String
        /// Of the last result, by metric; empty before the first.
        var samples: [WatchSample] = []
        var counts: [WatchSample] = []
        var skipped = 0
        /// The end of the last run.
        var ended: WallTime?
        /// There is a result that `takeFresh` has not given out.
        var isFresh = false
    }

    private let render: @Sendable ([Check.Label]) -> String
    private(set) var entries: [Entry] = []
    private var places: [String: Int] = [:]
    /// By tool.
    private(set) var runTimes: [String: Histogram] = [:]

    /// - Parameter render: a check's labels as the output writes them; called once for each check.
    init(render: @escaping @Sendable ([Check.Label]) -> String) { self.render = render }

    mutating func take(_ event: WatchEvent) {
        switch event {
        case .checks(let checks): take(checks)
        case .result(let result): take(result)
        case .change: break
        }
    }

    /// What is not among them is gone. A check that measures something else now has no figures yet.
    private mutating func take(_ checks: [Check]) {
        var next: [Entry] = []
        var nextPlaces: [String: Int] = [:]
        for check in checks {
            var entry = Entry(labels: render(check.allLabels), tool: check.tool, target: check.target)
            if let old = places[check.id].map({ entries[$0] }), old.tool == check.tool, old.target == check.target {
                let labels = entry.labels
                entry = old
                entry.labels = labels
            }
            nextPlaces[check.id] = next.count
            next.append(entry)
        }
        (entries, places) = (next, nextPlaces)
    }

    private mutating func take(_ result: CheckResult) {
        guard let place = places[result.check.id] else { return }
        entries[place].take(result)
        let times = runTimes[result.check.tool] ?? Histogram(Histogram.jobTimes)
        runTimes[result.check.tool] = times
        if result.verdict != .unmeasured { times.observe(nanoseconds: Int(result.duration.wholeNanoseconds)) }
    }

    /// Those with a result since the last time.
    mutating func takeFresh() -> [Entry] {
        var fresh: [Entry] = []
        for place in entries.indices where entries[place].isFresh {
            entries[place].isFresh = false
            fresh.append(entries[place])
        }
        return fresh
    }
}

extension WatchFigures.Entry {
    fileprivate mutating func take(_ result: CheckResult) {
        count(result)
        skipped += result.skipped
        ended = result.result.finishedAt
        isFresh = true
        var found = WatchSamples()
        result.result.addSamples(to: &found)
        for sample in counts { found.add(sample) }
        found.add(.skipped, skipped)
        found.add(.isFailing, result.state.condition == .failing)
        found.add(.isUnmeasured, result.verdict == .unmeasured)
        found.add(.delay, result.delay)
        found.add(.lastResult, result.result.finishedAt.unixSeconds)
        samples = found.sorted
    }

    private mutating func count(_ result: CheckResult) {
        let labels = [
            Check.Label(name: "verdict", value: result.verdict.rawValue),
            Check.Label(name: "code", value: result.code?.rawValue ?? "ok"),
        ]
        if let place = counts.firstIndex(where: { $0.labels == labels }) {
            counts[place].value += 1
        } else {
            counts.append(WatchSample(metric: .results, labels: labels, value: 1))
        }
    }
}

extension Check {
    /// What tells its series apart: the node's words first, then the file's labels.
    var allLabels: [Label] {
        [Label(name: "check", value: id), Label(name: "tool", value: tool), Label(name: "target", value: target)]
            + (group.map { [Label(name: "group", value: $0)] } ?? []) + labels
    }

    /// Names with a meaning of their own in outputs, which a check's labels cannot have.
    static let reservedLabels = [
        "check", "tool", "target", "group", "verdict", "code", "phase", "stat", "version", "fingerprint_sha256",
        "issuer", "subject", "subjectalternative",
    ]
}
