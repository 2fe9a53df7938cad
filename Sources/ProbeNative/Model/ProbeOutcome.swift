/// What makes the node doubt its own measurement. A loss that the node may have caused itself is never blamed on the
/// target. Fields that nothing measured are nil and are not written.
public struct Quality: Report, Hashable {
    /// Packets that this node's own receive buffer dropped (SO_RXQ_OVFL).
    public var receiveOverflow: Int?
    /// How late the node itself ran a due step, at worst.
    public var schedulingDelay: Duration?
    /// The wall clock stepped while a measurement that relies on it ran.
    public var clockStepped: Bool?
    public var lateReplies: Int?
    public var duplicates: Int?

    public init() {}

    public func write(to writer: inout some ReportWriter) {
        if let receiveOverflow { writer.field("rx_overflow", receiveOverflow) }
        if let schedulingDelay { writer.field("sched_delay_ms", schedulingDelay) }
        if let clockStepped { writer.field("clock_stepped", clockStepped) }
        if let lateReplies { writer.field("late_replies", lateReplies) }
        if let duplicates { writer.field("duplicates", duplicates) }
    }
}

/// A report without fields, where a probe failed before it found anything.
public struct EmptyReport: Report {
    public init() {}
    public func write(to writer: inout some ReportWriter) {}
}

/// How a diagnostic ended: what it found (also in part) and, where it failed, why.
public struct ProbeOutcome: Sendable {
    public var report: any Report
    public var failure: ProbeFailure?
    public var resolvedAddress: IPAddress?
    public var quality: Quality

    public init(
        _ report: any Report = EmptyReport(), failure: ProbeFailure? = nil, resolvedAddress: IPAddress? = nil,
        quality: Quality = Quality()
    ) {
        self.report = report
        self.failure = failure
        self.resolvedAddress = resolvedAddress
        self.quality = quality
    }
}

/// A finished job's result: the outcome with what the engine adds. Written, it is the wire's `result` object.
public struct ProbeResult: Sendable {
    public var tool: String
    public var target: String
    public var outcome: ProbeOutcome
    public var ignoredParameters: [String]
    /// Waiting for a slot, and running.
    public var queued: Duration
    public var run: Duration
    public var finishedAt: WallTime

    public init(
        tool: String, target: String, outcome: ProbeOutcome, ignoredParameters: [String] = [],
        queued: Duration = .zero, run: Duration = .zero, finishedAt: WallTime
    ) {
        self.tool = tool
        self.target = target
        self.outcome = outcome
        self.ignoredParameters = ignoredParameters
        self.queued = queued
        self.run = run
        self.finishedAt = finishedAt
    }
}

extension ProbeResult: Report {
    /// What a result has beside its report's own fields.
    static let fields: Set<String> = [
        "success", "tool", "target", "error", "error_code", "stage", "resolved_address", "ip_version", "timing",
        "quality",
        "ignored_parameters", "truncated_fields", "timestamp",
    ]

    public func write(to writer: inout some ReportWriter) {
        let failure = outcome.failure
        writer.field("success", failure == nil)
        writer.field("tool", tool)
        writer.field("target", target)
        writer.field("error", failure?.detail)
        writer.field("error_code", failure?.code.rawValue)
        writer.field("stage", failure?.stage.rawValue)
        writer.field("resolved_address", outcome.resolvedAddress?.description)
        writer.field("ip_version", outcome.resolvedAddress.map { $0.family == .v4 ? 4 : 6 })
        outcome.report.write(to: &writer)
        writer.object("timing") { writer in
            writer.field("queued_ms", queued)
            writer.field("run_ms", run)
        }
        writer.object("quality") { writer in outcome.quality.write(to: &writer) }
        if !ignoredParameters.isEmpty { writer.strings("ignored_parameters", ignoredParameters) }
        if !writer.truncatedFields.isEmpty { writer.strings("truncated_fields", writer.truncatedFields) }
        writer.field("timestamp", .time(finishedAt))
    }
}
