import Testing

@testable import ProbeNative

@Suite struct MTRAnalysisTests {
    /// Samples of hops, each a list of rounds: an address and milliseconds, or nil for a lost one.
    private func samples(_ hops: [[(String, Double)?]], flows: Int = 1) -> MTRSamples {
        var samples = MTRSamples(flows: flows)
        let rounds = hops.map(\.count).max() ?? 0
        for cycle in 0..<(rounds / flows) { samples.begin(cycle: cycle) }
        for (index, hop) in hops.enumerated() {
            for (round, seen) in hop.enumerated() {
                let probe = TraceProbe(hop: index + 1, flow: round % flows, round: round / flows)
                samples.add(probe, seen.map { MTRPlanTests.answer($0.0, ms: $0.1) })
            }
        }
        return samples
    }

    @Test func statistics() throws {
        let hop = samples([[("192.0.2.1", 10), ("192.0.2.1", 14), nil, ("192.0.2.1", 12)]])
        let row = try #require(MTRAnalysis(hop).rows.first)
        #expect(row.statistics.sent == 4 && row.statistics.received == 3 && row.statistics.loss == 25)
        #expect(row.statistics.last == .milliseconds(12.0))
        #expect(
            row.statistics.all.average == 12 && row.statistics.all.minimum == 10 && row.statistics.all.maximum == 14)
        // |14 - 10| and |12 - 14|: of consecutive answers.
        #expect(row.statistics.jitter == 3)
        #expect(abs((row.statistics.all.deviation ?? 0) - 1.632993) < 1e-5)
    }

    @Test func jitterIsAFlowsOwn() throws {
        // Two ways, steady each: the change from one to the other is no jitter.
        let hop = samples([[("192.0.2.1", 10), ("192.0.2.2", 50), ("192.0.2.1", 10), ("192.0.2.2", 50)]], flows: 2)
        let row = try #require(MTRAnalysis(hop).rows.first)
        #expect(row.statistics.jitter == 0)
        #expect(row.addresses.map(\.address.description) == ["192.0.2.1", "192.0.2.2"])
        #expect(row.addresses.allSatisfy { $0.statistics.sent == 2 && $0.statistics.loss == 0 })
    }

    @Test func aLostProbeCountsForItsFlowsAddress() throws {
        let hop = samples(
            [[nil, ("192.0.2.2", 5), ("192.0.2.1", 5), nil, nil, ("192.0.2.2", 5), nil, nil]], flows: 2)
        let row = try #require(MTRAnalysis(hop).rows.first)
        #expect(row.statistics.sent == 8 && row.statistics.received == 3)
        let byAddress = Dictionary(
            uniqueKeysWithValues: row.addresses.map { ($0.address.description, $0.statistics) })
        // Flow 0: lost, .1, lost, lost. Flow 1: .2, lost, .2, lost.
        #expect(byAddress["192.0.2.1"]?.sent == 4 && byAddress["192.0.2.1"]?.received == 1)
        #expect(byAddress["192.0.2.2"]?.sent == 4 && byAddress["192.0.2.2"]?.received == 2)
        // The one that answers more stands for the hop.
        #expect(row.addresses.first?.address.description == "192.0.2.2")
    }

    @Test func aRateLimitIsSuspectedWhereLaterHopsLoseLess() {
        let fine: [(String, Double)?] = Array(repeating: ("192.0.2.9", 5), count: 10)
        var limited = fine
        for index in [1, 2, 4, 5, 7, 8] { limited[index] = nil }
        #expect(MTRAnalysis(samples([fine, limited, fine])).rows.map(\.isRateLimitSuspected) == [false, true, false])
        // The path itself loses: all hops from here on lose as much.
        #expect(
            MTRAnalysis(samples([fine, limited, limited])).rows.map(\.isRateLimitSuspected) == [false, false, false])
        // A silent hop is silent, not limited; one lost packet is chance.
        let silent: [(String, Double)?] = Array(repeating: nil, count: 10)
        var one = fine
        one[3] = nil
        #expect(MTRAnalysis(samples([silent, one, fine])).rows.map(\.isRateLimitSuspected) == [false, false, false])
        // What hops in between lose does not matter, what the end loses does.
        #expect(MTRAnalysis(samples([limited, silent, fine])).rows.first?.isRateLimitSuspected == true)
    }

    @Test func changesOfTheWay() {
        let hop = samples([[("192.0.2.1", 5), nil, ("192.0.2.1", 5), ("192.0.2.2", 5), ("192.0.2.2", 5)]])
        #expect(
            MTRAnalysis(hop).changes == [
                MTRReport.Change(
                    cycle: 4, flow: 0, hop: 1, from: IPAddress(v4: 0xc000_0201), to: IPAddress(v4: 0xc000_0202))
            ])
        // Two flows that differ do not change.
        let two = samples([[("192.0.2.1", 5), ("192.0.2.2", 5), ("192.0.2.1", 5), ("192.0.2.2", 5)]], flows: 2)
        #expect(MTRAnalysis(two).changes.isEmpty)
    }

    @Test func whatLiesBeyondTheEndIsNoHop() {
        var samples = samples([[("192.0.2.1", 5)], [("192.0.2.2", 5)], [("192.0.2.2", 5)]])
        samples.limit(cycle: 0, flow: 0, to: 2)
        #expect(MTRAnalysis(samples).rows.map(\.hop) == [1, 2])
    }
}
