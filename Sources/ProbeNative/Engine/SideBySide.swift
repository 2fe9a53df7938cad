/// The outcomes of one diagnostic over IPv4 and IPv6 (`ip_version: both`).
public struct SideBySide: Report {
    public var v4: ProbeOutcome
    public var v6: ProbeOutcome

    public func write(to writer: inout some ReportWriter) {
        writer.object("ipv4") { Self.write(v4, to: &$0) }
        writer.object("ipv6") { Self.write(v6, to: &$0) }
    }

    /// As `RunningProbe` does with a single outcome: tools only see that their task is cancelled.
    mutating func replaceCancelled(by reason: StopReason) {
        for path in [\SideBySide.v4.failure, \SideBySide.v6.failure] {
            if let failure = self[keyPath: path], failure.code == .cancelled {
                self[keyPath: path] = reason.failure(at: failure.stage)
            }
        }
    }

    private static func write(_ outcome: ProbeOutcome, to writer: inout some ReportWriter) {
        writer.field("success", outcome.failure == nil)
        writer.field("error", outcome.failure?.detail)
        writer.field("error_code", outcome.failure?.code.rawValue)
        writer.field("stage", outcome.failure?.stage.rawValue)
        writer.field("resolved_address", outcome.resolvedAddress?.description)
        outcome.report.write(to: &writer)
        writer.object("quality") { outcome.quality.write(to: &$0) }
    }

    private static func run(_ probe: PreparedProbe, _ context: ProbeContext) async -> ProbeOutcome {
        let outcome = await probe.run(context)
        if let failure = outcome.failure { context.span?.fail(failure) } else { context.span?.end("done") }
        return outcome
    }

    /// Runs the probe once a family, side by side. It succeeds when both do.
    static func run(_ probe: PreparedProbe, in context: ProbeContext) async -> ProbeOutcome {
        var (first, second) = (context, context)
        first.family = .v4
        second.family = .v6
        first.span = context.span?.begin(.run, "over IPv4")
        second.span = context.span?.begin(.run, "over IPv6")
        async let v4 = run(probe, first)
        async let v6 = run(probe, second)
        let both = await SideBySide(v4: v4, v6: v6)
        return ProbeOutcome(both, failure: both.v4.failure ?? both.v6.failure)
    }
}
