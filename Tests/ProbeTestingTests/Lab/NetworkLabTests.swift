import ProbeTesting
import Testing

@Suite(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
struct NetworkLabTests {
    @Test func fpingSeesExactlyTheHostsThatAnswer() async throws {
        try await NetworkLab.with(hosts: 60) { lab in
            for (host, family) in [(NetworkLab.host4, "4"), (NetworkLab.host6, "6")] {
                let targets = (1...60).map(host)
                let alive = try await lab.run(["fping", "-a", "-r", "0", "-t", "500", "-i", "1"] + targets)
                let expected = (1...60).filter { !NetworkLab.isSilent($0) }.map(host)
                #expect(Set(alive.lines) == Set(expected))
                let counters = try await lab.counters()
                #expect(counters["echo\(family)"] == 60)
                #expect(counters["silent\(family)"] == 20)
            }
        }
    }

    @Test func endsWhatRunsInItAndLeavesNothing() async throws {
        let left = try await NetworkLab.with(hosts: 3) { lab in try lab.start(on: .far, ["sleep", "1000"]) }
        #expect(try await left.exit() == .signal(9))
        let namespaces = try await Oracle.check("ip", ["netns", "list"])
        #expect(!namespaces.contains("probe-\(left.pid)"))
    }
}
