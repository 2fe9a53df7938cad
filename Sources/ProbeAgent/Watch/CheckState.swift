import ProbeNative

/// What is believed of a target after its results so far.
public struct CheckState: Sendable, Hashable {
    public enum Condition: String, Sendable, Hashable {
        /// No result has said anything yet.
        case pending
        case ok, failing
    }

    public private(set) var condition = Condition.pending
    /// Since when it is so; nil while pending.
    public private(set) var since: WallTime?
    /// Results in a row that speak against `condition`; for a pending one, that failed.
    public private(set) var contrary = 0

    public init() {}

    /// Takes a result in. A first good one makes a pending check ok at once: nothing was believed that it contradicts.
    /// - Returns: whether it began to fail or recovered.
    mutating func take(_ verdict: CheckResult.Verdict, _ thresholds: Check.Thresholds, at time: WallTime) -> Bool {
        switch (verdict, condition) {
        case (.unmeasured, _): return false
        case (.ok, .pending):
            become(.ok, at: time)
            return false
        case (.ok, .ok), (.failed, .failing):
            contrary = 0
            return false
        case (.failed, _): return count(to: thresholds.failAfter, .failing, at: time)
        case (.ok, .failing): return count(to: thresholds.recoverAfter, .ok, at: time)
        }
    }

    private mutating func count(to limit: Int, _ next: Condition, at time: WallTime) -> Bool {
        contrary += 1
        guard contrary >= limit else { return false }
        become(next, at: time)
        return true
    }

    private mutating func become(_ next: Condition, at time: WallTime) {
        condition = next
        since = time
        contrary = 0
    }
}

/// A check began to fail (`fail_after` failures in a row) or recovered (`recover_after` good results in a row).
public struct CheckChange: Sendable {
    public var check: Check
    /// Since when it was in the condition that it left; nil when it was pending.
    public var previousSince: WallTime?
    /// The result that tipped it, with the state after it.
    public var result: CheckResult

    public var isFailing: Bool { result.state.condition == .failing }
}

extension CheckChange: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "change")
        check.writeIdentity(to: &writer)
        writer.field("state", isFailing ? "failing" : "recovered")
        writer.field("since", result.state.since.map(ReportValue.time) ?? .null)
        writer.field("previous_since", previousSince.map(ReportValue.time) ?? .null)
        writer.field("code", result.code?.rawValue)
        writer.field("reason", result.result.outcome.failure?.detail)
    }
}
