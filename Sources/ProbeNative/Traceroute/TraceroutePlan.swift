/// What traceroute asks: each hop some times, until the path's end.
struct TraceroutePlan: TracePlan {
    /// A probe whose fate is known.
    struct Result: Hashable, Sendable {
        var probe: TraceProbe
        /// Nil: silence.
        var answer: TraceAnswer?
    }

    private var schedule: TraceSchedule
    private let window: Int
    private var sentOf: [Int: Int] = [:]
    private(set) var results: [Result] = []

    /// As many as traceroute(8) has out at once.
    static let window = 16

    init(_ parameters: TraceParameters, queries: Int, isParallel: Bool) {
        schedule = TraceSchedule(
            first: parameters.firstHop, last: parameters.maxHops, queries: queries, gapLimit: parameters.gapLimit)
        window = isParallel ? Self.window : 1
    }

    mutating func next(at now: Instant) -> TraceStep {
        if let hop = schedule.next(window: window) {
            defer { sentOf[hop, default: 0] += 1 }
            return .send(TraceProbe(hop: hop, round: sentOf[hop, default: 0]))
        }
        return schedule.isDone ? .done : .wait(until: nil)
    }

    mutating func answered(_ probe: TraceProbe, _ answer: TraceAnswer) {
        results.append(Result(probe: probe, answer: answer))
        schedule.answered(probe.hop, isFinal: answer.isFinal)
    }

    mutating func silent(_ probe: TraceProbe) {
        results.append(Result(probe: probe))
        schedule.silent(probe.hop)
    }

    /// Hop by hop, up to the last one of interest; queries in their order. Hops that nothing is known of yet are left
    /// out.
    var hops: [TracerouteReport.Hop] {
        let known = results.filter { $0.probe.hop <= schedule.last }
        let routers = Set(known.compactMap(\.answer).filter { $0.kind == .router }.map(\.from))
        return Set(known.map(\.probe.hop)).sorted().map { hop in
            TracerouteReport.Hop(
                hop: hop,
                probes: known.filter { $0.probe.hop == hop }.sorted { $0.probe.round < $1.probe.round }.map {
                    $0.answer?.knowing(routers: routers)
                })
        }
    }
}
