import ProbeAgent
import ProbeNative
import ProbeTesting
import Testing

@testable import probe_agent

struct WatchTextTests {
    /// The rows that a watch's table would have: h0 and h1 ok, h2 failing, all others pending.
    private func rows(_ count: Int) async throws -> (rows: [WatchBoard.Row], now: WallTime) {
        let hosts = (0..<count).map { "h\($0).test" }.joined(separator: ", ")
        let bench = try WatchBench("checks: [{tool: scripted, targets: [\(hosts)], every: 1000s}]")
        let board = WatchBoard()
        bench.scripted.failing.withLock { $0 = ["h2.test"] }
        _ = try await bench.watch.once()
        board.receive(.checks(bench.output.results.map(\.check).sorted { $0.place < $1.place || $0.id < $1.id }))
        for result in bench.output.results where ["h0.test", "h1.test", "h2.test"].contains(result.check.target) {
            board.receive(.result(result))
        }
        return (try #require(board.takeChanged()), bench.time.wallTime)
    }

    @Test func theTableShowsAllWhereThereIsRoom() async throws {
        let (rows, now) = try await rows(4)
        let later = WallTime(nanoseconds: now.nanoseconds + 150_000_000_000)
        let text = WatchText.table(rows, (80, 24), at: later, Style(color: false))
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines == [
                "4 checks: 2 ok, 1 failing, 1 pending", "target tool state since last result",
                "h0.test scripted ok 2m 2m 0.00 ms", "h1.test scripted ok 2m 2m 0.00 ms",
                "h2.test scripted failing 2m 2m connection_refused, 0.00 ms: It was refused.",
                "h3.test scripted pending - - -",
            ], "\(text)")
    }

    @Test func whatFailsComesFirstWhereThereIsNot() async throws {
        let (rows, now) = try await rows(30)
        let lines = WatchText.table(rows, (80, 10), at: now, Style(color: false)).split(separator: "\n")
        #expect(lines.count == 10 && lines[2].hasPrefix("h2.test") && lines[9] == "... and 23 more")
    }

    @Test(arguments: [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")])
    func agesAreShort(_ seconds: Int64, _ text: String) {
        let now = WallTime(nanoseconds: 1_767_225_600_000_000_000)
        #expect(WatchText.age(WallTime(nanoseconds: now.nanoseconds - seconds * 1_000_000_000), now) == text)
    }

    @Test func linesTellResultsAndChanges() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, targets: [a.test, b.test], every: 10s}]", slots: 1)
        bench.scripted.failing.withLock { $0 = ["b.test"] }
        _ = try await bench.watch.once()
        let events = bench.output.results.map(WatchEvent.result) + bench.output.changes.map(WatchEvent.change)
        #expect(
            events.compactMap { WatchText.line($0, Style(color: false)) } == [
                "2026-01-01T00:00:00.000Z ok         scripted a.test: 0.00 ms",
                "2026-01-01T00:00:00.000Z failed     scripted b.test: connection_refused, 0.00 ms: It was refused.",
                "2026-01-01T00:00:00.000Z FAILING    scripted b.test",
            ])
    }
}
