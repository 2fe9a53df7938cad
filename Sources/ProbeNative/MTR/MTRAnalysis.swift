/// Reads a path out of mtr's samples: hops with their addresses, rate limits, changes of the way.
struct MTRAnalysis {
    private let hops: [(hop: Int, samples: [MTRSamples.Sample])]

    init(_ samples: MTRSamples) {
        let hops = samples.hops
        let answers = hops.flatMap { $0.samples.compactMap(\.answer) }
        let routers = Set(answers.filter { $0.kind == .router }.map(\.from))
        self.hops = hops.map { hop, samples in
            (
                hop,
                samples.map { sample in
                    var sample = sample
                    sample.answer = sample.answer?.knowing(routers: routers)
                    return sample
                }
            )
        }
    }

    var rows: [MTRReport.Hop] {
        var rows = hops.map(Self.row)
        // What later hops lose is what the path loses; a hop that loses more answers less often than it forwards.
        var leastLater: Double?
        for index in rows.indices.reversed() {
            let statistics = rows[index].statistics
            guard statistics.received > 0, let loss = statistics.loss else { continue }
            if let leastLater {
                let excess = Double(statistics.lost) - leastLater / 100 * Double(statistics.sent)
                rows[index].isRateLimitSuspected = excess >= Self.fewestExcess && loss - leastLater >= 10
            }
            leastLater = min(leastLater ?? 100, loss)
        }
        return rows
    }

    /// One packet more may be lost by chance.
    private static let fewestExcess = 2.0

    private static func row(_ hop: Int, _ samples: [MTRSamples.Sample]) -> MTRReport.Hop {
        var row = MTRReport.Hop(hop: hop)
        var byAddress: [IPAddress: MTRStatistics] = [:]
        var order: [IPAddress] = []
        let owners = owners(samples)
        for (sample, owner) in zip(samples, owners) {
            row.statistics.add(sample)
            if let labels = sample.answer?.labels, !labels.isEmpty { row.labels = labels }
            guard let owner else { continue }
            if byAddress[owner] == nil { order.append(owner) }
            byAddress[owner, default: MTRStatistics()].add(sample)
        }
        row.addresses = order.map { MTRReport.Address(address: $0, statistics: byAddress[$0] ?? MTRStatistics()) }
        // The one that answers most stands for the hop; of equals the first.
        row.addresses.sort { $0.statistics.received > $1.statistics.received }
        return row
    }

    /// Whose probe each was. A lost one counts for the address that its flow had met before it, or else meets next: a
    /// flow stays on its way unless the way changes.
    private static func owners(_ samples: [MTRSamples.Sample]) -> [IPAddress?] {
        var owners = samples.map { $0.answer?.from }
        var known: [Int: IPAddress] = [:]
        func fill(_ index: Int) {
            let flow = samples[index].flow
            if let owner = owners[index] { known[flow] = owner } else { owners[index] = known[flow] }
        }
        samples.indices.forEach(fill)
        known = [:]
        samples.indices.reversed().forEach(fill)
        return owners
    }

    /// Where a flow's hop answered from another address than before, oldest first.
    var changes: [MTRReport.Change] {
        let changes = hops.flatMap { hop, samples in
            var before: [Int: IPAddress] = [:]
            var changes: [MTRReport.Change] = []
            for sample in samples {
                guard let address = sample.answer?.from else { continue }
                if let before = before[sample.flow], before != address {
                    changes.append(
                        MTRReport.Change(
                            cycle: sample.cycle + 1, flow: sample.flow, hop: hop, from: before, to: address))
                }
                before[sample.flow] = address
            }
            return changes
        }
        return Array(
            changes.sorted { ($0.cycle, $0.hop, $0.flow) < ($1.cycle, $1.hop, $1.flow) }.prefix(Self.mostChanges))
    }

    private static let mostChanges = 100

    var answers: [TraceAnswer] { hops.flatMap { $0.samples.compactMap(\.answer) } }
}
