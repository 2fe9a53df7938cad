import ProbeTesting
import Testing

@testable import ProbeNative

/// The built program, in the lab: on a terminal and into a pipe.
@Suite(.serialized, .enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
struct TraceProgramTests {
    private let agent = Places.product("probe-agent")
    private let mtr = ["-n", "--protocol", "icmp", "--cycles", "3", "--interval-ms", "100"]

    @Test func mtrRedrawsOnATerminalOnly() async throws {
        try await PathLab.with { lab in
            let words = [agent, "mtr", PathLab.target(.v4)] + mtr
            let piped = try await lab.node(.near).run(words)
            #expect(piped.isSuccess, "\(piped.output)\(piped.errors)")
            #expect(!piped.output.contains("\u{1b}"))
            #expect(piped.lines.count { $0.hasPrefix("mtr to ") } == 1)
            #expect(piped.output.contains("cycle 3 of 3"))
            // script(1) gives it a terminal.
            let environment = ["env", "TERM=xterm", "NO_COLOR=1"]
            let live = try await lab.node(.near).run(
                environment + ["script", "-qec", words.joined(separator: " "), "/dev/null"])
            #expect(live.output.contains("\u{1b}[?1049h") && live.output.contains("\u{1b}[?1049l"))
            #expect(live.output.contains("cycle 1 of 3"))
            // What is left on the terminal is the whole table, once.
            let end = try #require(live.output.components(separatedBy: "\u{1b}[?1049l").last)
            #expect(end.contains("cycle 3 of 3") && !end.contains("\u{1b}"))
            let json = try await lab.node(.near).run(
                environment + ["script", "-qec", (words + ["--json"]).joined(separator: " "), "/dev/null"])
            #expect(!json.output.contains("\u{1b}"))
        }
    }

    @Test func resultsAreJSON() async throws {
        try await PathLab.with { lab in
            func run(_ words: [String]) async throws -> JSONValue {
                try await lab.refill()
                let result = try await lab.node(.near).run([agent] + words + ["--json"])
                return try JSONValue(parsing: result.output)
            }
            let traceroute = try await run(["traceroute", PathLab.target(.v6), "-n"])
            #expect(traceroute["success"]?.bool == true && traceroute["reached"]?.bool == true)
            #expect(traceroute["hops"]?.array?.count == 7)
            #expect(traceroute["hops"]?[4]?["host"]?.string == "*" && traceroute["hops"]?[4]?["ms"] == .null)
            #expect(traceroute["hops"]?[3]?["probes"]?[0]?["mpls"]?[1]?["label"]?.int == 24001)
            #expect(traceroute["hops"]?[6]?["probes"]?[0]?["status"]?.string == "target")
            let mtr = try await run(["mtr", PathLab.target(.v4)] + mtr)
            #expect(mtr["hops"]?[0]?["sent"]?.int == 3 && mtr["hops"]?[0]?["loss"]?.double == 0)
            #expect(mtr["hops"]?[4]?["received"]?.int == 0 && mtr["hops"]?[4]?["loss"]?.double == 100)
            #expect(mtr["hops"]?[0]?["addresses"]?[0]?["host"]?.string == PathLab.address(.v4, link: 1))
            let mtu = try await run(["path_mtu", PathLab.target(.v4)])
            #expect(mtu["mtu"]?.int == 1400 && mtu["steps"]?.array?.count == 2)
        }
    }

    @Test func aSignalLeavesWhatIsKnown() async throws {
        try await PathLab.with { lab in
            let running = try lab.node(.near).start(
                [agent, "traceroute", PathLab.target(.v4, 14), "-n", "--timeout-ms", "10000"])
            let end = ContinuousClock.now + .seconds(60)
            while try await lab.forwarder.passages().count < 9 {
                try #require(ContinuousClock.now < end, "nothing was sent")
            }
            running.send(signal: 2)
            #expect(try await running.exit() == .code(130))
            _ = try await running.output.next("the first hop") { $0.contains(PathLab.address(.v4, link: 1)) }
        }
    }
}
