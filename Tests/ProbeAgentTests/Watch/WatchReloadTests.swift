import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct WatchReloadTests {
    private func text(_ targets: String, more: String = "") -> String {
        "checks: [{tool: scripted, targets: [\(targets)], every: 10s\(more)}]"
    }

    @Test func onlyTheDifferenceIsApplied() async throws {
        let bench = try WatchBench(text("a.test, b.test, c.test"))
        bench.scripted.failing.withLock { $0 = ["a.test", "b.test"] }
        try await bench.run {
            await bench.advance(by: .seconds(20))
            try bench.folder.write(text("b.test, a.test, d.test"), to: "w.yaml")
            bench.watch.reload()
            await bench.advance(by: .seconds(20))
        }
        let results = bench.output.results
        func times(_ target: String) -> [Instant] { results.filter { $0.check.target == target }.map(\.scheduled) }
        // The kept ones go on in their phase and do not begin to fail again.
        for (target, count) in [("a.test", 5), ("b.test", 4)] {
            let own = times(target)
            #expect(own.count == count && zip(own, own.dropFirst()).allSatisfy { $1 - $0 == .seconds(10) })
        }
        #expect(bench.output.changes.count == 2)
        #expect(times("c.test").count == 2 && times("d.test").count == 2)
        #expect(
            bench.output.checks == [
                ["scripted a.test", "scripted b.test", "scripted c.test"],
                ["scripted b.test", "scripted a.test", "scripted d.test"],
            ])
    }

    @Test func aBadFileChangesNothing() async throws {
        let bench = try WatchBench(text("a.test"))
        try await bench.run {
            try bench.folder.write(text("a.test, b.test", more: ", evry: 3s"), to: "w.yaml")
            bench.watch.reload()
            await bench.advance(by: .seconds(20))
        }
        #expect(bench.output.results.map(\.check.target) == ["a.test", "a.test", "a.test"])
        #expect(bench.output.checks.count == 1)
    }

    @Test func whatRunsOfARemovedCheckIsStopped() async throws {
        let bench = try WatchBench(
            "checks: [{tool: gated, target: a.test, every: 10s}, {tool: scripted, target: b.test}]")
        try await bench.run {
            await bench.advance(by: .seconds(1))
            await bench.gated.gate.arrivals(1)
            try bench.folder.write("checks: [{tool: scripted, target: b.test}]", to: "w.yaml")
            bench.watch.reload()
            await bench.advance(by: .seconds(30))
        }
        #expect(bench.output.results.allSatisfy { $0.check.target == "b.test" })
        #expect(bench.gated.gate.arrived == 1)
    }

    @Test func theDifferenceIsNamed() async throws {
        let bench = try WatchBench(text("a.test, b.test"))
        let folder = bench.folder
        let path = try folder.write(text("b.test, c.test", more: ", fail_after: 2"), to: "new.yaml")
        let file = try WatchFile(path: path, registry: bench.engine.registry)
        let difference = bench.watch.state.withLock { $0.take(file.checks, at: bench.time.now).difference }
        #expect(
            difference
                == WatchDifference(
                    added: ["scripted c.test"], changed: ["scripted b.test"], removed: ["scripted a.test"]))
        #expect(difference.metadata["added_checks"] == "scripted c.test")
    }
}
