import ProbeTesting
import Testing

@testable import ProbeNative

/// traceroute finds exactly what is in the lab, with each protocol and family.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct TracerouteLabTests {
    @Test func everyHopByEveryProtocol() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                for transport in TraceTransport.allCases {
                    let target = PathLab.target(family)
                    let (report, outcome) = try await bench.traceroute(target, [.transport(transport)])
                    #expect(outcome.failure == nil, "\(transport) \(family): \(outcome.failure?.detail ?? "")")
                    #expect(report.isReached && outcome.resolvedAddress == IPAddress(target))
                    #expect(report.hops.map(\.hop) == Array(1...7))
                    for hop in report.hops {
                        let seen = Set(hop.addresses.map(\.description))
                        // One flow takes one of the equal ways.
                        #expect(seen.count <= 1 && seen.isSubset(of: PathMap.hop(hop.hop, family)))
                        #expect(seen.isEmpty == (hop.hop == 5), "hop \(hop.hop): \(seen)")
                        #expect(hop.probes.count == 3)
                    }
                    try checkDetails(report, family, transport)
                    // The kernel's routers count one hop each way.
                    #expect(report.hops[0].probes.allSatisfy { $0?.hopLimit == 64 })
                    #expect(report.hops[2].probes.allSatisfy { $0?.hopLimit == 62 })
                }
            }
        }
    }

    private func checkDetails(
        _ report: TracerouteReport, _ family: IPAddress.Family, _ transport: TraceTransport
    ) throws {
        for hop in report.hops where hop.hop != 5 {
            let answers = hop.probes.compactMap { $0 }
            #expect(answers.allSatisfy { $0.labels == (hop.hop == 4 ? PathMap.labels : []) })
            if hop.hop < 7 {
                #expect(answers.allSatisfy { $0.kind == .router && $0.icmpType == (family == .v4 ? 11 : 3) })
                #expect(answers.allSatisfy { $0.icmpCode == 0 })
            } else {
                #expect(answers.count == 3 && answers.allSatisfy { $0.kind == .target })
                let type =
                    switch transport {
                    case .udp: family == .v4 ? 3 : 1
                    case .icmp: family == .v4 ? 0 : 129
                    case .tcp: Int?.none
                    }
                #expect(answers.allSatisfy { $0.icmpType == type })
            }
        }
    }

    @Test func flowsSeeBothWaysAndEchoOne() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                var seen: Set<String> = []
                var hashes: [String] = []
                let short: [ParameterValue.Member] = [.integer("max_hops", 2), .integer("queries", 1)]
                // Which way a flow takes is chance; sixty-four of them do not take one way.
                for flow in 0..<64 where seen.count < 2 {
                    let (report, _) = try await bench.traceroute(
                        PathLab.target(family), short + [.integer("flow", flow)])
                    seen.formUnion(report.hops[1].addresses.map(\.description))
                    hashes.append(report.pathHash)
                }
                #expect(seen == PathMap.hop(2, family))
                #expect(Set(hashes).count == 2)
                // Without ports there is nothing to spread by: all echo requests go one way.
                var echo: Set<String> = []
                for _ in 0..<6 {
                    let (report, _) = try await bench.traceroute(
                        PathLab.target(family), short + [.transport(.icmp)])
                    echo.formUnion(report.hops[1].addresses.map(\.description))
                }
                #expect(echo.count == 1)
            }
        }
    }

    @Test func theSameFlowTakesTheSameWayAgain() async throws {
        try await PathBench.inside { bench in
            // Policy 1 takes a shortcut on one machine: the socket's own random hash, which travels with the packet.
            // Policy 3 reads addresses, protocol and ports (0x37), as a router must that gets the packet by a wire.
            let first = bench.lab.node(.first)
            let policy = ["ipv4", "ipv6"].flatMap {
                ["net.\($0).fib_multipath_hash_policy=3", "net.\($0).fib_multipath_hash_fields=0x37"]
            }
            #expect(try await first.run(["sysctl", "-q", "-w"] + policy).isSuccess)
            for family in IPAddress.Family.allCases {
                var hashes: [[String]] = []
                for _ in 0..<3 {
                    var round: [String] = []
                    for flow in 0..<12 {
                        let (report, _) = try await bench.traceroute(
                            PathLab.target(family),
                            [.integer("max_hops", 2), .integer("queries", 2), .integer("flow", flow)])
                        round.append(report.pathHash)
                    }
                    hashes.append(round)
                }
                #expect(Set(hashes).count == 1)
                #expect(Set(hashes[0]).count == 2)
            }
        }
    }

    @Test func refusalsHaveTheirCodes() async throws {
        try await PathBench.inside { bench in
            let cases: [(target: Int, v4: (Int, Int), v6: (Int, Int), code: ErrorCode)] = [
                (10, (3, 1), (1, 3), .hostUnreachable), (11, (3, 0), (1, 0), .networkUnreachable),
                (12, (3, 13), (1, 1), .hostUnreachable), (13, (3, 3), (1, 4), .hostUnreachable),
            ]
            for family in IPAddress.Family.allCases {
                for transport in TraceTransport.allCases {
                    for (target, v4, v6, code) in cases {
                        let (report, outcome) = try await bench.traceroute(
                            PathLab.target(family, target),
                            [.transport(transport), .integer("queries", 1), .integer("timeout_ms", 300)])
                        #expect(outcome.failure?.code == code && outcome.failure?.stage == .response)
                        #expect(report.hops.last?.hop == 7 && !report.isReached)
                        let answer = try #require(report.hops.last?.probes.first ?? nil)
                        let (type, icmpCode) = family == .v4 ? v4 : v6
                        #expect(answer.kind == .unreachable)
                        #expect(answer.icmpType == type && answer.icmpCode == icmpCode, "\(transport) \(target)")
                        #expect(answer.from.description == PathLab.address(family, link: 8))
                    }
                }
            }
            #expect(try await bench.lab.counters(of: .limited)["turned"] ?? 0 >= 24)
        }
    }

    /// Thirty traces at once, each target and protocol twice: no answer is credited to another's probe. (The lab's own
    /// queues may lose some of so many packets, so a hop may be silent.)
    @Test func manyTracesSideBySide() async throws {
        try await PathBench.inside { bench in
            let jobs = (1...5).flatMap { target in
                (TraceTransport.allCases + TraceTransport.allCases).map { (target, $0) }
            }
            for family in IPAddress.Family.allCases {
                let outcomes = try await withThrowingTaskGroup(of: (Int, TraceTransport, ProbeOutcome).self) { group in
                    for (target, transport) in jobs {
                        let probe = try bench.prepare(
                            TracerouteTool(), PathLab.target(family, target),
                            [.transport(transport), .integer("queries", 2)])
                        group.addTask { (target, transport, await bench.engine.runInLab(probe).outcome) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.count == 30)
                for (target, transport, outcome) in outcomes {
                    let report = try #require(outcome.report as? TracerouteReport)
                    let what = "\(transport) \(target): \(outcome.failure?.detail ?? "")"
                    #expect(outcome.failure == nil && report.isReached, "\(what)")
                    #expect(outcome.quality.receiveOverflow == nil, "\(what)")
                    for hop in report.hops {
                        let seen = Set(hop.addresses.map(\.description))
                        let expected = PathMap.hop(min(hop.hop, 7), family, target: target)
                        #expect(seen.isSubset(of: expected), "\(what) at hop \(hop.hop)")
                    }
                }
            }
        }
    }

    @Test func aSilentTargetEndsWithTheGap() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.traceroute(
                    PathLab.target(family, 14), [.integer("timeout_ms", 200), .integer("gap_limit", 3)])
                #expect(outcome.failure?.code == .noReply && outcome.failure?.stage == .response)
                #expect(report.hops.last?.hop == 9)
                #expect(report.hops.suffix(3).allSatisfy { $0.address == nil && $0.rtt == nil })
            }
        }
    }

    @Test func windowsAndBounds() async throws {
        try await PathBench.inside { bench in
            let (one, _) = try await bench.traceroute(
                PathLab.target(.v4),
                [.init("parallel", .bool(false)), .integer("queries", 2), .integer("timeout_ms", 300)])
            #expect(one.isReached && one.hops.map(\.hop) == Array(1...7))
            let (part, outcome) = try await bench.traceroute(
                PathLab.target(.v6), [.integer("first_hop", 2), .integer("max_hops", 4)])
            #expect(part.hops.map(\.hop) == [2, 3, 4])
            #expect(outcome.failure?.code == .noReply)
            let (large, _) = try await bench.traceroute(PathLab.target(.v4), [.integer("size", 1500)])
            #expect(large.isReached)
        }
    }

    @Test func labelsOfOldRoutersAreReadToo() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                for (labels, expected) in [(PathForwarder.Labels.legacy, PathMap.labels), (.off, [])] {
                    try await bench.lab.forwarder.labels(labels)
                    let (report, _) = try await bench.traceroute(
                        PathLab.target(family), [.integer("first_hop", 4), .integer("max_hops", 4)])
                    #expect(report.hops.count == 1)
                    // RFC 4884 5.5 lets IPv4 receivers look for extensions without a length field; ours does for both.
                    #expect(
                        report.hops.first?.probes.allSatisfy { $0?.labels == expected } == true, "\(family) \(labels)")
                }
            }
        }
    }

    @Test func namesAreLookedUp() async throws {
        let folder = try TemporaryFolder()
        let text = "10.79.1.2 first.lab.test\n10.79.6.2 forwarder.lab.test\n10.79.100.1 target.lab.test\n"
        let hosts = try folder.write(text, to: "hosts")
        let settings = ResolverSettings(servers: [])
        try await PathBench.inside(
            resolver: ResolverConfiguration(settings: .fixed(settings), hostsFile: hosts)
        ) { bench in
            let (report, outcome) = try await bench.traceroute(
                "target.lab.test", [.init("resolve_names", .bool(true)), .integer("timeout_ms", 300)])
            #expect(outcome.failure == nil)
            let names = report.hops.map { hop in hop.address.flatMap { report.facts.names[$0] } }
            #expect(
                names == [
                    "first.lab.test", nil, nil, "forwarder.lab.test", nil, nil, "target.lab.test",
                ])
        }
    }

    @Test func bothFamiliesSideBySide() async throws {
        try await PathBench.inside { bench in
            let outcome = await bench.engine.runInLab(
                try bench.prepare(TracerouteTool(), PathLab.target(.v6), [.init("ip_version", .string("both"))])
            ).outcome
            // A literal has one family only; the other side says so.
            let both = try #require(outcome.report as? SideBySide)
            #expect(both.v4.failure?.code == .noAddress)
            #expect((both.v6.report as? TracerouteReport)?.isReached == true)
        }
    }

    @Test func thisNodesOwnAddressIsOneHop() async throws {
        try await PathBench.inside { bench in
            for transport in TraceTransport.allCases {
                let (report, outcome) = try await bench.traceroute(
                    PathLab.address(.v4, link: 1, end: 1), [.transport(transport)])
                #expect(outcome.failure == nil, "\(transport)")
                #expect(report.hops.map(\.hop) == [1])
            }
            // No route: nothing is sent, and it is not the target's fault.
            let (report, outcome) = try await bench.traceroute("2001:db8::1")
            #expect(outcome.failure?.code == .networkUnreachable && outcome.failure?.stage == .request)
            #expect(report.hops.isEmpty)
        }
    }

    @Test func theSourceIsKept() async throws {
        try await PathBench.inside { bench in
            let far = bench.lab.node(.near)
            #expect(try await far.run(["ip", "addr", "add", "10.79.1.77/32", "dev", "link1"]).isSuccess)
            let first = bench.lab.node(.first)
            #expect(
                try await first.run([
                    "ip", "neigh", "replace", "10.79.1.77", "lladdr", "02:00:00:00:01:01",
                    "dev", "link1", "nud", "permanent",
                ]).isSuccess)
            try await first.nft("add counter inet probe sourced")
            try await first.nft("add rule inet probe forward ip saddr 10.79.1.77 counter name sourced")
            for transport in TraceTransport.allCases {
                let before = try await bench.lab.counters(of: .first)["sourced"] ?? 0
                let (report, _) = try await bench.traceroute(
                    PathLab.target(.v4),
                    [.transport(transport), .integer("timeout_ms", 300), .init("source", .string("10.79.1.77"))])
                #expect(report.isReached, "\(transport)")
                #expect(try await bench.lab.counters(of: .first)["sourced"] ?? 0 > before)
            }
        }
    }
}
