import ProbeTesting
import Testing

@testable import ProbeNative

/// Traces that are cut, cancelled or forbidden return what they have.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct TracerouteEndLabTests {
    private struct DenyFar: AddressPolicy {
        func denial(of request: PolicyRequest) -> String? { "\(request.address) is denied." }
    }

    @Test func theDeadlineLeavesTheHopsSoFar() async throws {
        try await PathBench.inside { bench in
            for transport in TraceTransport.allCases {
                let (report, outcome) = try await patiently([3, 9], until: { $0.report.hops.count >= 6 }) { seconds in
                    try await bench.traceroute(
                        PathLab.target(.v4), [.transport(transport), .integer("timeout_ms", 10000)],
                        timeout: .seconds(seconds))
                }
                #expect(outcome.failure?.code == .deadlineExceeded)
                // The silent hop's probes are awaited still: nothing is said about them.
                let known = report.hops.filter { !$0.addresses.isEmpty }.map(\.hop)
                #expect(known == [1, 2, 3, 4, 6, 7] && report.isReached)
                #expect(report.hops.allSatisfy { $0.hop != 5 })
            }
        }
    }

    @Test func cancellingEndsItAtOnce() async throws {
        try await PathBench.inside { bench in
            for transport in TraceTransport.allCases {
                let before = try await bench.lab.forwarder.passages().count
                let probe = try bench.prepare(
                    TracerouteTool(), PathLab.target(.v4, 14),
                    [.transport(transport), .init("parallel", .bool(false)), .integer("timeout_ms", 10000)])
                let results = EventLog<ProbeResult>()
                let running = bench.engine.start(probe, deadline: bench.engine.time.now + .seconds(600)) {
                    results.append($0)
                }
                // Once the forwarder has carried one, hops 1 to 3 are known; then hop 5 is waited for.
                let end = ContinuousClock.now + .seconds(60)
                while try await bench.lab.forwarder.passages().count < before + 4 {
                    try #require(ContinuousClock.now < end, "no probe passed the forwarder")
                }
                running.stop(.cancelled)
                let outcome = try await results.next("result").outcome
                #expect(outcome.failure?.code == .cancelled)
                let report = try #require(outcome.report as? TracerouteReport)
                #expect(report.hops.prefix(3).map(\.hop) == [1, 2, 3])
                #expect(!report.isReached)
            }
        }
    }

    @Test func thePolicyIsAsked() async throws {
        let rawSockets = RawSockets.open(reactors: 1)
        var configuration = EngineConfiguration()
        configuration.rawSockets = rawSockets
        configuration.policy = DenyFar()
        let engine = try Engine(configuration, registry: .builtIn())
        defer { engine.stop() }
        for transport in TraceTransport.allCases {
            let probe = try TracerouteTool().prepare(target: "127.0.0.1", parameters: [.transport(transport)])
            let failure = await engine.run(probe).outcome.failure
            #expect(failure?.code == .policyDenied && failure?.stage == .policy)
        }
        let failure = await engine.run(try PathMTUTool().prepare(target: "::1")).outcome.failure
        #expect(failure?.code == .policyDenied)
    }

    /// Without raw sockets UDP still works, by the socket's own error queue.
    @Test func udpNeedsNoPrivilege() async throws {
        try await PathLab.with { lab in
            let engine = try await lab.node(.near).onThread { () throws -> Engine in
                var configuration = EngineConfiguration()
                configuration.reactors = 1
                return try Engine(configuration, registry: .builtIn())
            }
            defer { engine.stop() }
            let bench = PathBench(lab: lab, engine: engine)
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.traceroute(PathLab.target(family))
                #expect(outcome.failure == nil && report.isReached, "\(outcome.failure?.detail ?? "")")
                for hop in report.hops {
                    let seen = Set(hop.addresses.map(\.description))
                    #expect(seen.count <= 1 && seen.isSubset(of: PathMap.hop(hop.hop, family)))
                    #expect(seen.isEmpty == (hop.hop == 5))
                }
                #expect(report.hops[2].probes.allSatisfy { $0?.hopLimit == 62 })
                #expect(report.hops[3].probes.allSatisfy { $0?.labels == PathMap.labels })
                let (refused, refusal) = try await bench.traceroute(
                    PathLab.target(family, 12), [.integer("queries", 1), .integer("timeout_ms", 300)])
                #expect(refusal.failure?.code == .hostUnreachable)
                #expect(refused.hops.last?.probes.first??.kind == .unreachable)
            }
            let (mtr, _) = try await bench.mtr(
                PathLab.target(.v4),
                [.integer("cycles", 3), .integer("interval_ms", 100), .integer("timeout_ms", 300)])
            #expect(mtr.isReached && mtr.hops.last?.statistics.received == 3)
        }
    }

    @Test func aProgramWithoutTheCapabilitySaysHowToGrantIt() async throws {
        try await PathLab.with { lab in
            let user = try await OrdinaryUser(
                program: Places.product("probe-agent"), rights: .init(hasFileCapability: false))
            for (arguments, works) in [
                (["traceroute", PathLab.target(.v4), "-n"], true), (["traceroute", PathLab.target(.v4), "-I"], false),
                (["mtr", PathLab.target(.v6), "-T"], false), (["path_mtu", PathLab.target(.v6)], false),
            ] {
                try await lab.refill()
                let result = try await lab.node(.near).run(user.command(arguments))
                #expect(result.isSuccess == works, "\(arguments): \(result.output) \(result.errors)")
                #expect(result.output.contains("setcap cap_net_raw+p") == !works)
            }
        }
    }
}
