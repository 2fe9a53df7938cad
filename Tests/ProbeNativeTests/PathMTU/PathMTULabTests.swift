import ProbeTesting
import Testing

@testable import ProbeNative

@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct PathMTULabTests {
    @Test func theSmallerLinkIsFound() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.pathMTU(PathLab.target(family))
                #expect(outcome.failure == nil, "\(outcome.failure?.detail ?? "")")
                #expect(report.mtu == 1400 && !report.isBlackHole)
                #expect(report.steps.map(\.size) == [1500, 1400])
                #expect(report.steps.map(\.outcome) == [.tooBig, .fits])
                #expect(report.steps[0].nextHopMTU == 1400)
                #expect(PathMap.hop(3, family).contains(report.limitedBy?.description ?? ""))
                #expect(report.steps[1].from?.description == PathLab.target(family))
                // A path that takes the largest size needs one packet.
                let (short, _) = try await bench.pathMTU(PathLab.address(family, link: 4))
                #expect(short.mtu == 1500 && short.steps.count == 1)
            }
        }
    }

    @Test func aBlackHoleIsSearchedThrough() async throws {
        try await PathBench.inside { bench in
            let first = bench.lab.node(.first)
            try await first.nft("add rule inet probe forward icmp type destination-unreachable icmp code 4 drop")
            try await first.nft("add rule inet probe forward icmpv6 type packet-too-big drop")
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.pathMTU(
                    PathLab.target(family), [.integer("timeout_ms", 300), .integer("tries", 2)])
                #expect(outcome.failure == nil, "\(outcome.failure?.detail ?? "")")
                #expect(report.mtu == 1400 && report.isBlackHole)
                #expect(report.steps.allSatisfy { ($0.outcome == .fits) == ($0.size <= 1400) })
                #expect(report.steps.filter { $0.outcome == .silent }.allSatisfy { $0.tries == 2 })
            }
        }
    }

    @Test func ownInterfaceBoundsIt() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.pathMTU(
                    PathLab.address(family, link: 1), [.integer("max", 9000)])
                #expect(outcome.failure == nil, "\(outcome.failure?.detail ?? "")")
                #expect(report.mtu == 1500 && !report.isBlackHole && report.limitedBy == nil)
                #expect(report.steps.contains { $0.outcome == .local })
            }
        }
    }

    @Test func lossDoesNotShrinkIt() async throws {
        try await PathBench.inside { bench in
            let far = bench.lab.node(.far)
            try await far.nft("add rule inet probe input icmp type echo-request numgen inc mod 2 == 0 drop")
            let (report, outcome) = try await bench.pathMTU(
                PathLab.target(.v4), [.integer("timeout_ms", 300)])
            #expect(outcome.failure == nil)
            #expect(report.mtu == 1400 && !report.isBlackHole)
        }
    }

    @Test func failuresHaveTheirCodes() async throws {
        try await PathBench.inside { bench in
            let quick: [ParameterValue.Member] = [.integer("timeout_ms", 100), .integer("tries", 2)]
            for family in IPAddress.Family.allCases {
                let (silent, outcome) = try await bench.pathMTU(PathLab.target(family, 14), quick)
                #expect(outcome.failure?.code == .noReply && outcome.failure?.stage == .response)
                #expect(silent.mtu == nil && silent.steps.count >= 2)
                let (_, host) = try await bench.pathMTU(PathLab.target(family, 10), quick)
                #expect(host.failure?.code == .hostUnreachable)
                let (_, network) = try await bench.pathMTU(PathLab.target(family, 11), quick)
                #expect(network.failure?.code == .networkUnreachable)
            }
            let (_, small) = try await bench.pathMTU(PathLab.target(.v6), [.integer("max", 600)])
            #expect(small.failure?.code == .invalidParameters)
            let (_, route) = try await bench.pathMTU("2001:db8::1")
            #expect(route.failure?.code == .networkUnreachable)
        }
    }

    @Test func theDeadlineAndCancellingLeaveTheStepsSoFar() async throws {
        try await PathBench.inside { bench in
            let patient: [ParameterValue.Member] = [.integer("timeout_ms", 10000)]
            let (_, outcome) = try await bench.pathMTU(PathLab.target(.v4, 14), patient, timeout: .seconds(1))
            #expect(outcome.failure?.code == .deadlineExceeded)
            let results = EventLog<ProbeResult>()
            let before = try await bench.lab.forwarder.passages().count
            let running = bench.engine.start(
                try bench.prepare(PathMTUTool(), PathLab.target(.v6, 14), patient + [.integer("max", 1400)]),
                deadline: bench.engine.time.now + .seconds(600)
            ) { results.append($0) }
            let end = ContinuousClock.now + .seconds(60)
            while try await bench.lab.forwarder.passages().count == before {
                try #require(ContinuousClock.now < end, "nothing was sent")
            }
            running.stop(.cancelled)
            #expect(try await results.next("result").outcome.failure?.code == .cancelled)
        }
    }
}
