import ProbeNative
import Testing

@testable import probe_agent

struct ComparisonTests {
    private func result(_ milliseconds: Int, _ failure: ProbeFailure? = nil) -> ProbeResult {
        ProbeResult(
            tool: "http", target: "a.example", outcome: ProbeOutcome(failure: failure),
            run: .milliseconds(milliseconds),
            finishedAt: WallTime(nanoseconds: 0))
    }

    private let refused = ProbeFailure(.connect, .connectionRefused, "It was refused.")

    private func comparison(_ rounds: Int, _ second: (Int) -> ProbeResult) -> Comparison {
        var comparison = Comparison("http", ("a", "b"), option: nil, rounds: rounds)
        for round in 0..<rounds {
            comparison.add(result(100 + round), .first, round: round)
            comparison.add(second(round), .second, round: round)
        }
        return comparison
    }

    /// To be refused at once is not to be fast.
    @Test func aRunThatFailedHasNoTimes() {
        let slow = comparison(20) { self.result(10 + $0) }
        #expect(slow.times.map(\.verdict) == [.secondFaster])
        let down = comparison(20) { _ in self.result(1, self.refused) }
        #expect(down.times.map(\.verdict) == [.tooFew] && down.times.first?.second == [])
        // What is left of the others is counted as so many rounds.
        let half = comparison(20) { $0 % 2 == 0 ? self.result(1, self.refused) : self.result(100 + $0) }
        #expect(half.times.first?.pairs == 10 && half.times.first?.verdict != .secondFaster)
    }

    @Test func halfARoundIsLeftOut() {
        var comparison = comparison(2) { self.result(100 + $0) }
        comparison.add(result(1, refused), .second, round: 2)
        #expect(comparison.roundsDone == 2 && comparison.results(.second).count == 2)
        #expect(comparison.isSame && comparison.verdicts(.second).map(\.name) == ["ok"])
        #expect(comparison.times.allSatisfy { $0.first.count == 2 && $0.second.count == 2 })
    }
}
