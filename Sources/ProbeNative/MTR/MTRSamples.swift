/// What became of mtr's probes, kept in the order of their cycles.
struct MTRSamples: Sendable, Hashable {
    struct Sample: Sendable, Hashable {
        var cycle: Int
        var flow: Int
        /// Nil: lost.
        var answer: TraceAnswer?
    }

    let flows: Int
    /// By hop; in the order in which the fates became known.
    private var byHop: [Int: [Sample]] = [:]
    /// By cycle and flow: hops beyond are none of the path's.
    private var ends: [[Int]] = []

    init(flows: Int) { self.flows = flows }

    var cycles: Int { ends.count }

    mutating func begin(cycle: Int) { ends.append(Array(repeating: .max, count: flows)) }

    mutating func add(_ probe: TraceProbe, _ answer: TraceAnswer?) {
        byHop[probe.hop, default: []].append(Sample(cycle: probe.round, flow: probe.flow, answer: answer))
    }

    mutating func limit(cycle: Int, flow: Int, to last: Int) {
        guard ends.indices.contains(cycle) else { return }
        ends[cycle][flow] = last
    }

    /// The hops of the path, in order, each with its samples in the order of sending.
    var hops: [(hop: Int, samples: [Sample])] {
        byHop.keys.sorted().compactMap { hop in
            let samples = (byHop[hop] ?? []).filter { hop <= ends[$0.cycle][$0.flow] }.sorted {
                ($0.cycle, $0.flow) < ($1.cycle, $1.flow)
            }
            return samples.isEmpty ? nil : (hop, samples)
        }
    }
}
