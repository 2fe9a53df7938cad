import ProbeNative

/// What came of one run of a check.
public struct CheckResult: Sendable {
    public enum Verdict: String, Sendable, Hashable {
        case ok, failed
        /// The node itself did not measure (policy, its own load or resources, its end): nothing is known of the target,
        /// and the check's state stays what it is.
        case unmeasured
    }

    public var check: Check
    /// Outcome and durations; written, it is the wire's `result` object.
    public var result: ProbeResult
    /// When it was to start, and when it did.
    public var scheduled: Instant
    public var started: Instant
    public var startedWall: WallTime
    /// Runs that were left out since the last result: the one before was not over, or the node was late.
    public var skipped: Int
    /// After this result.
    public var state: CheckState

    public var verdict: Verdict { Verdict(result.outcome.failure) }
    /// Nil when it went well.
    public var code: ErrorCode? { result.outcome.failure?.code }
    public var duration: Duration { result.run }
    /// How late it started.
    public var delay: Duration { max(.zero, started - scheduled) }
}

extension CheckResult.Verdict {
    init(_ failure: ProbeFailure?) {
        switch failure {
        case nil: self = .ok
        case let failure?: self = failure.isMeasurement ? .failed : .unmeasured
        }
    }
}

/// A line of the NDJSON output: who and when, then the result as the backend would get it.
extension CheckResult: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "result")
        check.writeIdentity(to: &writer)
        writer.field("verdict", verdict.rawValue)
        writer.field("code", code?.rawValue)
        writer.field("state", state.condition.rawValue)
        writer.field("started", .time(startedWall))
        writer.field("delay_ms", delay)
        writer.field("duration_ms", duration)
        writer.field("skipped", skipped)
        writer.object("result") { result.write(to: &$0) }
    }
}

extension Check {
    func writeIdentity(to writer: inout some ReportWriter) {
        writer.field("check", id)
        writer.field("tool", tool)
        writer.field("target", target)
        writeGrouping(to: &writer)
    }

    func writeGrouping(to writer: inout some ReportWriter) {
        writer.field("group", group)
        writer.object("labels") { writer in
            for label in labels { writer.member(label.name, .string(label.value)) }
        }
    }
}
