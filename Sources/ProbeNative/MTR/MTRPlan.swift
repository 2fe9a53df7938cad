/// What mtr asks: each hop once a cycle and flow, over and over. Neither I/O nor clock.
///
/// A flow's first cycle finds how far the path goes; the next ones do not begin before. From then on cycles keep their
/// interval, whether or not all answers of the last one are there.
struct MTRPlan: TracePlan {
    /// One flow's part of one cycle.
    private struct Pass {
        var flow: Int
        var cycle: Int
        var schedule: TraceSchedule
    }

    private let parameters: TraceParameters
    private let cycles: Int
    private let interval: Duration
    private let flows: Int
    private let start: Instant
    private var passes: [Pass] = []
    /// By flow: the length that its last finished pass found.
    private var lengths: [Int?]
    private var nextCycle = 0
    private var due: Instant
    private(set) var samples: MTRSamples

    /// Of a pass that knows how far the path goes, and of one that does not: what goes out beyond the target is
    /// answered by it, and hosts answer only some probes a second.
    private static let window = 32
    private static let discoveryWindow = 8

    init(_ parameters: TraceParameters, cycles: Int, interval: Duration, flows: Int, start: Instant) {
        self.parameters = parameters
        self.cycles = cycles
        self.interval = interval
        self.flows = flows
        self.start = start
        due = start
        lengths = Array(repeating: nil, count: flows)
        samples = MTRSamples(flows: flows)
    }

    /// Cycles of which nothing is awaited any more.
    var finishedCycles: Int { passes.map(\.cycle).min() ?? nextCycle }

    mutating func next(at now: Instant) -> TraceStep {
        while true {
            for index in passes.indices {
                let window = lengths[passes[index].flow] == nil ? Self.discoveryWindow : Self.window
                if let hop = passes[index].schedule.next(window: window) {
                    return .send(TraceProbe(hop: hop, flow: passes[index].flow, round: passes[index].cycle))
                }
            }
            guard nextCycle < cycles else { return passes.isEmpty ? .done : .wait(until: nil) }
            guard mayBegin else { return .wait(until: nil) }
            guard due <= now else { return .wait(until: due) }
            begin()
            // A cycle that was late is not made up for by a burst.
            due = due + interval > now ? due + interval : now + interval
        }
    }

    /// The first cycle's end is to be known, so that the others know how far to ask.
    private var mayBegin: Bool { nextCycle == 0 || lengths.allSatisfy { $0 != nil } }

    private mutating func begin() {
        for flow in 0..<flows {
            let schedule = TraceSchedule(
                first: parameters.firstHop, last: parameters.maxHops, queries: 1, gapLimit: parameters.gapLimit,
                expected: lengths[flow])
            passes.append(Pass(flow: flow, cycle: nextCycle, schedule: schedule))
        }
        samples.begin(cycle: nextCycle)
        nextCycle += 1
    }

    mutating func answered(_ probe: TraceProbe, _ answer: TraceAnswer) {
        samples.add(probe, answer)
        settle(probe) { $0.answered(probe.hop, isFinal: answer.isFinal) }
    }

    mutating func silent(_ probe: TraceProbe) {
        samples.add(probe, nil)
        settle(probe) { $0.silent(probe.hop) }
    }

    private mutating func settle(_ probe: TraceProbe, _ change: (inout TraceSchedule) -> Void) {
        guard let index = passes.firstIndex(where: { $0.flow == probe.flow && $0.cycle == probe.round }) else { return }
        change(&passes[index].schedule)
        let schedule = passes[index].schedule
        samples.limit(cycle: probe.round, flow: probe.flow, to: schedule.last)
        // A path whose end has been seen is known although hops on it are still awaited.
        if schedule.isEndFound { lengths[probe.flow] = schedule.last }
        guard schedule.isDone else { return }
        if !schedule.isEndFound, lengths[probe.flow] == nil {
            // Silent from some hop on: asked one further, should it answer one day.
            lengths[probe.flow] = min(parameters.maxHops, (schedule.lastAnswered ?? parameters.firstHop - 1) + 1)
            samples.limit(cycle: probe.round, flow: probe.flow, to: lengths[probe.flow] ?? schedule.last)
        }
        passes.remove(at: index)
    }
}
