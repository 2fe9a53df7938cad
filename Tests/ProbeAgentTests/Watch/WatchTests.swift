import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct WatchTests {
    private static func hosts(_ count: Int) -> String { (0..<count).map { "h\($0).test" }.joined(separator: ", ") }

    @Test func anHourIsRunAsPlanned() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, targets: [\(Self.hosts(5))], every: 10s}]")
        let end = bench.time.now + .seconds(3600)
        try await bench.run {
            while let next = bench.watch.nextRun, next <= end {
                bench.time.advance(by: next - bench.time.now)
                await bench.settle()
            }
        }
        let results = bench.output.results
        // The first check starts at once, and once more at the very end.
        #expect(results.count == 5 * 360 + 1, "\(results.count)")
        for host in 0..<5 {
            let own = results.filter { $0.check.target == "h\(host).test" }
            #expect(own.count == (host == 0 ? 361 : 360))
            #expect(zip(own, own.dropFirst()).allSatisfy { $1.scheduled - $0.scheduled == .seconds(10) })
        }
        #expect(results.allSatisfy { $0.delay == .zero && $0.skipped == 0 && $0.verdict == .ok })
        #expect(bench.watch.counts == WatchCounts(started: 1801, skipped: 0))
        #expect(bench.output.changes.isEmpty)
    }

    @Test func changesAreToldOnceAfterTheirThresholds() async throws {
        let bench = try WatchBench(
            "checks: [{tool: scripted, targets: [a.test, b.test], every: 10s, fail_after: 3, recover_after: 2}]")
        try await bench.run {
            await bench.advance(by: .seconds(30))
            bench.scripted.failing.withLock { $0 = ["a.test"] }
            await bench.advance(by: .seconds(20))
            #expect(bench.output.changes.isEmpty)
            await bench.advance(by: .seconds(60))
            #expect(bench.output.changes.map(\.isFailing) == [true])
            bench.scripted.failing.withLock { $0 = [] }
            await bench.advance(by: .seconds(60))
        }
        let changes = bench.output.changes
        #expect(changes.map(\.isFailing) == [true, false] && changes.allSatisfy { $0.check.id == "scripted a.test" })
        #expect(changes[0].result.code == .connectionRefused && changes[1].result.code == nil)
        #expect(changes[1].previousSince == changes[0].result.state.since)
    }

    @Test func aCheckThatRunsOnIsSkippedAndCounted() async throws {
        let bench = try WatchBench("checks: [{tool: gated, target: a.test, every: 10s, timeout: 10s}]")
        try await bench.run {
            await bench.advance(by: .seconds(21))
            // The first was cut at the tick of the second, which was skipped.
            #expect(bench.output.results.map(\.code) == [.deadlineExceeded])
            #expect(bench.gated.gate.arrived == 2 && bench.watch.counts.skipped == 1)
            bench.gated.gate.open()
            while bench.output.results.count < 2 { await bench.settle() }
        }
        #expect(bench.output.results.map(\.skipped) == [1, 0])
    }

    @Test func afterAPauseOfTheProcessNothingBursts() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, targets: [\(Self.hosts(200))], every: 10s}]")
        try await bench.run {
            await bench.advance(by: .seconds(20))
            let before = bench.watch.counts.started
            #expect(before == 401)
            bench.time.advance(by: .seconds(300))
            await bench.settle()
            #expect((0...22).contains(bench.watch.counts.started - before))
            #expect((200 * 29 - 22...200 * 30).contains(bench.watch.counts.skipped))
            await bench.advance(by: .seconds(10))
        }
        #expect((600...624).contains(bench.watch.counts.started))
    }

    @Test func noMoreRunAtOnceThanThereAreSlots() async throws {
        let bench = try WatchBench("checks: [{tool: gated, targets: [\(Self.hosts(10))], every: 10s}]", slots: 3)
        try await bench.run {
            await bench.advance(by: .milliseconds(9500.0), step: .milliseconds(100.0))
            // Three have been started at most before the first ended at 9 s.
            #expect(bench.output.results.allSatisfy { $0.code == .deadlineExceeded })
            #expect(bench.gated.gate.arrived == 3 + bench.output.results.count)
            bench.gated.gate.open()
            while bench.output.results.count < 10 { await bench.settle() }
        }
        // Those that waited for a slot came in their order, and say how long they waited.
        let late = bench.output.results.filter { $0.delay > .seconds(1) }
        #expect(!late.isEmpty && late.allSatisfy { $0.result.queued > .seconds(1) })
    }

    @Test func outsideOfItsWindowsNothingRuns() async throws {
        let bench = try WatchBench(
            "checks: [{tool: scripted, target: a.test, every: 600s, windows: [\"mon-sun 10:00-12:00\"]}]")
        try await bench.run { await bench.advance(by: .seconds(86400), step: .seconds(100)) }
        let hours = Set(
            bench.output.results.map { result -> Int in
                var seconds = time_t(result.startedWall.nanoseconds / 1_000_000_000)
                var local = tm()
                localtime_r(&seconds, &local)
                return Int(local.tm_hour)
            })
        #expect(bench.output.results.count == 12 && hours == [10, 11], "\(hours)")
        #expect(bench.watch.counts.skipped == 0)
    }

    @Test(arguments: [([], true), (["b.test"], false)])
    func onceRunsAllAtOnceAndSaysHowItWent(_ failing: [String], _ isGood: Bool) async throws {
        let bench = try WatchBench(
            "checks: [{tool: scripted, targets: [a.test, b.test, c.test], every: 24h, windows: [\"00:00-00:01\"]}]",
            slots: 2)
        bench.scripted.failing.withLock { $0 = Set(failing) }
        #expect(try await bench.watch.once() == isGood)
        #expect(Set(bench.output.results.map(\.check.target)) == ["a.test", "b.test", "c.test"])
        #expect(bench.output.changes.count == failing.count)
    }
}
