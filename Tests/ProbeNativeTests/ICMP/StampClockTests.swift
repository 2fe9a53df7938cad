import Testing

@testable import ProbeNative

@Suite struct StampClockTests {
    private let second: Int64 = 1_000_000_000
    private func pair(_ wall: Int64, _ monotonic: Int64) -> ClockPair { ClockPair(wall: wall, monotonic: monotonic) }

    @Test func aStampBecomesAMonotonicInstant() {
        var clock = StampClock(pair(100 * second, 5 * second))
        clock.note(pair(101 * second, 6 * second))
        let (instant, stepped) = clock.instant(of: 101 * second - 30_000, readAt: pair(101 * second, 6 * second))
        #expect(instant.nanoseconds == 6 * second - 30_000)
        #expect(!stepped)
    }

    @Test func slewingIsNoStep() {
        var clock = StampClock(pair(0, 0))
        clock.note(pair(10 * second + 5_000_000, 10 * second))
        #expect(!clock.isDoubtful)
    }

    @Test(arguments: [Int64(3600), -3600]) func aStepMakesStampsDoubtfulUntilTheBufferIsEmpty(_ seconds: Int64) {
        var clock = StampClock(pair(5000 * second, 0))
        let now = pair(5000 * second + seconds * second + 1000, 1000)
        clock.note(now)
        // Stamped before the step or after it: nobody knows.
        let (instant, stepped) = clock.instant(of: 5000 * second, readAt: now)
        #expect(stepped && instant.nanoseconds == 1000)
        clock.noteDrained()
        let later = pair(now.wall + second, now.monotonic + second)
        clock.note(later)
        let (good, suspect) = clock.instant(of: later.wall - 7, readAt: later)
        #expect(!suspect && good.nanoseconds == later.monotonic - 7)
    }

    @Test func aStampFromTheFutureIsNotBelieved() {
        let now = pair(100 * second, 5 * second)
        let clock = StampClock(now)
        let (instant, stepped) = clock.instant(of: 101 * second, readAt: now)
        #expect(stepped && instant.nanoseconds == now.monotonic)
    }
}
