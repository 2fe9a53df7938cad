import ProbeTesting
import Testing

@testable import ProbeNative

/// Debian's traceroute, mtr and tracepath see the same path.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct TracerouteOracleLabTests {
    @Test func tracerouteAgrees() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                for (transport, flag) in [(TraceTransport.udp, "-U"), (.icmp, "-I"), (.tcp, "-T")] {
                    let target = PathLab.target(family)
                    let (report, _) = try await bench.traceroute(target, [.transport(transport)])
                    try await bench.lab.refill()
                    let oracle = try await bench.lab.node(.near).run(
                        ["traceroute", "-\(family.rawValue)", flag, "-n", "-e", "-q", "3", "-w", "2", target])
                    let lines = oracle.lines.dropFirst().map { $0.split(separator: " ").map(String.init) }
                    try #require(lines.count == report.hops.count, "\(oracle.output)\(oracle.errors)")
                    for (line, hop) in zip(lines, report.hops) {
                        let theirs = Set(line.dropFirst().filter { IPAddress($0) != nil })
                        let ours = Set(hop.addresses.map(\.description))
                        // Its probes are many flows where ours is one; where one way leads, both see the same.
                        #expect([2, 3].contains(hop.hop) ? !theirs.isEmpty : theirs == ours, "\(line)")
                        #expect(theirs.union(ours).isSubset(of: PathMap.hop(hop.hop, family)))
                        let labels = line.contains("<MPLS:L=16000,E=5,S=0,T=1/L=24001,E=3,S=1,T=254>")
                        #expect(labels == hop.probes.contains { $0?.labels == PathMap.labels })
                    }
                }
            }
        }
    }

    @Test func mtrAgrees() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                for (transport, flags) in [(TraceTransport.icmp, [String]()), (.udp, ["-u"]), (.tcp, ["-T"])] {
                    let target = PathLab.target(family)
                    let (report, _) = try await bench.mtr(
                        target, [.transport(transport), .integer("cycles", 3), .integer("interval_ms", 500)])
                    try await bench.lab.refill()
                    let oracle = try await bench.lab.node(.near).run(
                        ["mtr", "-\(family.rawValue)", "-n", "-r", "-c", "3", "-i", "0.5", "-G", "1"] + flags + [target]
                    )
                    // "  4.|-- 10.79.6.2  0.0%  3  0.1 ..."
                    let lines = oracle.lines.filter { $0.contains(".|--") }.map { $0.split(separator: " ") }
                    try #require(lines.count == report.hops.count, "\(oracle.output)\(oracle.errors)")
                    for (line, hop) in zip(lines, report.hops) {
                        let theirs = line[1] == "???" ? "*" : String(line[1])
                        let ours = hop.addresses.first?.address.description ?? "*"
                        let several = [2, 3].contains(hop.hop)
                        #expect(several ? PathMap.hop(hop.hop, family).contains(theirs) : theirs == ours)
                        #expect((line[2].hasPrefix("100")) == (hop.statistics.received == 0), "\(line)")
                        #expect(hop.statistics.sent == 3)
                    }
                }
            }
        }
    }

    @Test func tracepathAgrees() async throws {
        try await PathBench.inside { bench in
            for family in IPAddress.Family.allCases {
                let (report, outcome) = try await bench.pathMTU(PathLab.target(family))
                #expect(outcome.failure == nil)
                let oracle = try await bench.lab.node(.near).run(["tracepath", "-n", PathLab.target(family)])
                #expect(oracle.output.contains("Resume: pmtu \(report.mtu ?? 0) hops 7"), "\(oracle.output)")
            }
        }
    }
}
