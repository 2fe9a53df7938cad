import ProbeNative
import ProbeTesting
import Testing

/// The lab is what its map says, as Debian's own tools see it.
@Suite(.enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct PathLabTests {
    @Test func tracerouteSeesEveryHop() async throws {
        try await PathLab.with { lab in
            for family in IPAddress.Family.allCases {
                for method in ["-U", "-I", "-T"] {
                    try await lab.refill()
                    let target = PathLab.target(family)
                    let result = try await lab.node(.near).run(
                        ["traceroute", "-\(family.rawValue)", method, "-n", "-e", "-q", "1", "-w", "2", target])
                    let hops = result.lines.dropFirst().map { $0.split(separator: " ").dropFirst() }
                    try #require(hops.count == 7, "\(result.output)\(result.errors)")
                    let seen = hops.map { String($0.first ?? "") }
                    #expect(seen[0] == PathLab.address(family, link: 1))
                    #expect([2, 3].map { PathLab.address(family, link: $0) }.contains(seen[1]))
                    #expect([4, 5].map { PathLab.address(family, link: $0) }.contains(seen[2]))
                    #expect(
                        seen[3...] == [PathLab.address(family, link: 6), "*", PathLab.address(family, link: 8), target])
                    #expect(hops[3].contains("<MPLS:L=16000,E=5,S=0,T=1/L=24001,E=3,S=1,T=254>"))
                }
            }
            #expect(try await lab.counters(of: .silent)["silent"] ?? 0 >= 6)
        }
    }

    @Test func tracepathFindsTheSmallerMTU() async throws {
        try await PathLab.with { lab in
            for family in IPAddress.Family.allCases {
                let result = try await lab.node(.near).run(["tracepath", "-n", PathLab.target(family)])
                #expect(result.output.contains("pmtu 1400 hops 7"), "\(result.output)")
            }
        }
    }

    @Test func theForwarderLogsWhatItDoes() async throws {
        try await PathLab.with { lab in
            try await lab.forwarder.delay(forward: .milliseconds(20), back: .milliseconds(10), jitter: .milliseconds(5))
            try await lab.forwarder.duplicate(each: 2)
            try await lab.forwarder.late(each: 3, by: .milliseconds(300))
            let echo = ["fping", "-q", "-D", "-c", "6", "-p", "100", "-t", "1000", PathLab.target(.v4)]
            _ = try await lab.node(.near).run(echo)
            let passages = try await lab.forwarder.passages().filter { $0.key.hasPrefix("icmp:") }
            let back = passages.filter { $0.direction == .back && $0.fate != .duplicate }
            #expect(passages.filter { $0.direction == .forward }.count == 6)
            #expect(Set(back.map(\.key)) == Set(passages.filter { $0.direction == .forward }.map(\.key)))
            #expect(back.filter { $0.fate == .late }.allSatisfy { $0.delay >= .milliseconds(310) })
            #expect(back.filter { $0.fate == .late }.count == 2)
            #expect(passages.filter { $0.fate == .duplicate }.count == 3)
            #expect(passages.allSatisfy { $0.delay >= .milliseconds($0.direction == .forward ? 20 : 10) })
        }
    }
}
