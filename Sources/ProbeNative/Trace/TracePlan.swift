/// What a tracer does next.
enum TraceStep: Hashable {
    case send(TraceProbe)
    /// Nothing before this instant, or before a probe's fate is known.
    case wait(until: Instant?)
    case done
}

/// Decides for a `PathTracer` which probes it sends; learns what became of each. No I/O and no clock of its own.
protocol TracePlan: Sendable {
    mutating func next(at now: Instant) -> TraceStep
    mutating func answered(_ probe: TraceProbe, _ answer: TraceAnswer)
    mutating func silent(_ probe: TraceProbe)
}
