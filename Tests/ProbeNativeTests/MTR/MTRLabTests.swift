import ProbeTesting
import Testing

@testable import ProbeNative

@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct MTRLabTests {
    private static let quick: [ParameterValue.Member] = [.integer("interval_ms", 100), .integer("timeout_ms", 1000)]

    @Test func everyHopByEveryProtocol() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                for transport in TraceTransport.allCases {
                    let (report, outcome) = try await bench.mtr(
                        PathLab.target(family), Self.quick + [.transport(transport), .integer("cycles", 5)])
                    #expect(outcome.failure == nil, "\(transport) \(family): \(outcome.failure?.detail ?? "")")
                    #expect(report.isReached && report.cyclesDone == 5)
                    #expect(report.hops.map(\.hop) == Array(1...7))
                    for hop in report.hops {
                        let seen = Set(hop.addresses.map(\.address.description))
                        #expect(seen.isSubset(of: PathMap.hop(hop.hop, family)) && seen.count <= 1)
                        #expect(hop.statistics.sent == 5)
                        if hop.hop == 5 { #expect(hop.statistics.received == 0) }
                        if ![5, 6].contains(hop.hop) { #expect(hop.statistics.received == 5, "hop \(hop.hop)") }
                        #expect(hop.labels == (hop.hop == 4 ? PathMap.labels : []))
                    }
                }
            }
        }
    }

    @Test func aRateLimitedHopIsSuspectedAndNoOther() async throws {
        try await PathBench.inside { bench in
            // One a second, so that also a machine that is slow to begin its cycles meets the limit.
            let limited = bench.lab.node(.limited)
            for transport in TraceTransport.allCases {
                try await limited.nft("flush chain inet probe output")
                try await limited.nft(
                    "add rule inet probe output icmp type time-exceeded limit rate over 1/second burst 1 packets"
                        + " counter name limited drop")
                let before = try await bench.lab.counters(of: .limited)["limited"] ?? 0
                let probe = try bench.prepare(
                    MTRTool(), PathLab.target(.v4), Self.quick + [.transport(transport), .integer("cycles", 20)])
                let report = try #require(await bench.engine.runInLab(probe).outcome.report as? MTRReport)
                #expect(report.hops.filter(\.isRateLimitSuspected).map(\.hop) == [6], "\(transport)")
                // What the hop did not answer is what its rule held back.
                let held = try await bench.lab.counters(of: .limited)["limited"] ?? 0
                #expect(report.hops[5].statistics.lost == held - before)
                #expect(report.hops[6].statistics.lost == 0)
            }
        }
    }

    @Test func flowsShowBothWays() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                var seen: Set<String> = []
                // Which way a flow takes is chance: eight of them take one way once in 128 times.
                for _ in 0..<8 where seen.count < 2 {
                    let (report, _) = try await bench.mtr(
                        PathLab.target(family), Self.quick + [.integer("cycles", 4), .integer("flows", 8)])
                    let hop = try #require(report.hops.first { $0.hop == 2 })
                    seen = Set(hop.addresses.map(\.address.description))
                    #expect(hop.statistics.sent == 32 && hop.statistics.received == 32)
                    #expect(hop.addresses.reduce(0) { $0 + $1.statistics.sent } == 32)
                    // Flows that keep their ways change nothing.
                    #expect(report.changes.isEmpty)
                }
                #expect(seen == PathMap.hop(2, family))
            }
        }
    }

    @Test func lossIsWhatWasDropped() async throws {
        try await PathBench.inside { bench in
            let far = bench.lab.node(.far)
            for name in ["lost4", "lost6"] { try await far.nft("add counter inet probe \(name)") }
            try await far.nft(
                "add rule inet probe input icmp type echo-request numgen random mod 100 < 40 counter name lost4 drop")
            try await far.nft(
                "add rule inet probe input icmpv6 type echo-request numgen random mod 100 < 40 counter name lost6 drop")
            for (family, name) in [(IPAddress.Family.v4, "lost4"), (.v6, "lost6")] {
                let (report, _) = try await bench.mtr(
                    PathLab.target(family),
                    Self.quick + [.transport(.icmp), .integer("cycles", 40), .integer("max_hops", 7)])
                let target = try #require(report.hops.last)
                let lost = try #require(try await bench.lab.counters(of: .far)[name])
                #expect(target.hop == 7 && target.statistics.sent == 40)
                #expect(target.statistics.lost == lost)
                #expect(!target.isRateLimitSuspected)
            }
        }
    }

    @Test func aChangedWayIsReported() async throws {
        try await PathBench.inside { bench in
            let probe = try bench.prepare(
                MTRTool(), PathLab.target(.v4),
                [.transport(.icmp), .integer("cycles", 100), .integer("interval_ms", 500)])
            let partial = EventLog<MTRReport>()
            let results = EventLog<ProbeResult>()
            let running = bench.engine.start(
                probe, deadline: bench.engine.time.now + .seconds(120),
                progress: { if let report = $0 as? MTRReport { partial.append(report) } },
                completion: { results.append($0) })
            let early = try await partial.next("partial report")
            let before = try #require(early.hops.first { $0.hop == 2 }?.addresses.first?.address)
            let (gateway, after) = before.description == "10.79.2.2" ? ("10.79.3.2", 3) : ("10.79.2.2", 2)
            let moved = try await bench.lab.node(.first).run(
                ["ip", "route", "replace", "10.79.0.0/16", "via", gateway])
            #expect(moved.isSuccess)
            _ = try await partial.next("changed path", within: .seconds(60)) { !$0.changes.isEmpty }
            running.stop(.cancelled)
            let outcome = try await results.next("result").outcome
            let report = try #require(outcome.report as? MTRReport)
            let change = try #require(report.changes.first)
            #expect(report.changes.count == 1)
            #expect(change.hop == 2 && change.from == before)
            #expect(change.to.description == PathLab.address(.v4, link: after))
            #expect(report.hops[1].addresses.count == 2)
        }
    }

    @Test func progressComesWithEachCycle() async throws {
        try await PathBench.inside { bench in
            let partial = EventLog<MTRReport>()
            let probe = try bench.prepare(MTRTool(), PathLab.target(.v6), Self.quick + [.integer("cycles", 4)])
            let outcome = await bench.engine.runInLab(probe) { report in
                if let report = report as? MTRReport { partial.append(report) }
            }.outcome
            let cycles = partial.pending.map(\.cyclesDone)
            #expect(cycles == cycles.sorted() && Set(cycles).isSuperset(of: [1, 4]), "\(cycles)")
            #expect((outcome.report as? MTRReport)?.cyclesDone == 4)
        }
    }

    @Test func theDeadlineAndCancellingLeaveTheCyclesSoFar() async throws {
        try await PathBench.inside { bench in
            let endless = Self.quick + [.integer("cycles", 100), .integer("interval_ms", 20000)]
            let (report, outcome) = try await patiently([2, 18], until: { $0.report.cyclesDone == 1 }) { seconds in
                try await bench.mtr(PathLab.target(.v4), endless, timeout: .seconds(seconds))
            }
            #expect(outcome.failure?.code == .deadlineExceeded)
            #expect(report.hops.map(\.hop) == Array(1...7) && report.cyclesDone == 1)
            let partial = EventLog<MTRReport>()
            let results = EventLog<ProbeResult>()
            let running = bench.engine.start(
                try bench.prepare(MTRTool(), PathLab.target(.v6), endless),
                deadline: bench.engine.time.now + .seconds(600),
                progress: { if let report = $0 as? MTRReport { partial.append(report) } },
                completion: { results.append($0) })
            _ = try await partial.next("partial report")
            running.stop(.cancelled)
            let cut = try await results.next("result").outcome
            #expect(cut.failure?.code == .cancelled)
            #expect((cut.report as? MTRReport)?.hops.count == 7)
        }
    }

    @Test func aSilentTargetIsNoReply() async throws {
        try await PathBench.inside { bench in
            let (report, outcome) = try await bench.mtr(
                PathLab.target(.v6, 14), Self.quick + [.integer("cycles", 3), .integer("gap_limit", 2)])
            #expect(outcome.failure?.code == .noReply)
            #expect(report.hops.map(\.hop) == Array(1...7))
            #expect(report.hops.last?.statistics.sent == 3 && report.hops.last?.statistics.received == 0)
        }
    }

    @Test func lateAnswersAndDuplicatesAreNoOthers() async throws {
        try await PathBench.inside { bench in
            let members =
                Self.quick + [
                    .transport(.icmp), .integer("cycles", 20), .integer("first_hop", 7), .integer("max_hops", 7),
                ]
            try await bench.lab.forwarder.duplicate(each: 1)
            let (twice, doubled) = try await bench.mtr(PathLab.target(.v4), members)
            #expect(twice.hops.last?.statistics.received == 20 && twice.hops.last?.statistics.loss == 0)
            #expect(doubled.quality.duplicates ?? 0 >= 19)
            try await bench.lab.forwarder.duplicate(each: 0)
            // Each fourth answer comes a while after it was given up.
            try await bench.lab.forwarder.late(each: 4, by: .milliseconds(1500))
            let (late, delayed) = try await bench.mtr(PathLab.target(.v4), members)
            let target = try #require(late.hops.last?.statistics)
            #expect(target.sent == 20 && target.lost == 5)
            #expect(target.all.maximum ?? 0 < 1000)
            #expect(delayed.quality.lateReplies ?? 0 >= 1)
        }
    }
}
