import ProbeNative
import ProbeProtocol
import Testing

@testable import ProbeAgent

/// The law of docs/wire-protocol.md, "Reconnecting", to the millisecond.
@Suite struct ReconnectionTests {
    private func milliseconds(
        _ reconnection: inout Reconnection, _ count: Int, after end: ConnectionEnd = .failed, unit: Double = 0,
        authenticatedFor: Duration? = nil
    ) -> [Int] {
        (0..<count).map { _ in
            let delay = reconnection.delay(after: end, authenticatedFor: authenticatedFor, unit: unit)
            return Int(delay.inMilliseconds.rounded())
        }
    }

    @Test func growsByHalfUpToThirtySeconds() {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(
            milliseconds(&reconnection, 12)
                == [1000, 1500, 2250, 3375, 5063, 7594, 11391, 17086, 25629, 30000, 30000, 30000])
    }

    @Test func jitterVariesADelayButNotTheNext() {
        var up = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&up, 3, unit: 1) == [1100, 1650, 2475])
        var down = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&down, 3, unit: -1) == [900, 1350, 2025])
        #expect(milliseconds(&down, 1, unit: 0) == [3375])
    }

    @Test func startsOverAfterThirtySecondsOfUseAndNotBefore() {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&reconnection, 2) == [1000, 1500])
        #expect(milliseconds(&reconnection, 1, authenticatedFor: .seconds(29.999)) == [2250])
        #expect(milliseconds(&reconnection, 1, authenticatedFor: .seconds(30)) == [1000])
    }

    /// Also a server that authenticates and closes with 1012 gets no storm.
    @Test(arguments: [ConnectionEnd.refused, .closed(1000), .closed(1008), .closed(1012)])
    func everyOtherEndFollowsTheLaw(end: ConnectionEnd) {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&reconnection, 3, after: end, authenticatedFor: .seconds(1)) == [1000, 1500, 2250])
    }

    @Test(arguments: [ConnectionEnd.closed(4001), .closed(1013)])
    func replacedAndTryAgainLaterWaitTheMaximum(end: ConnectionEnd) {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&reconnection, 1, after: end, authenticatedFor: .seconds(3600)) == [30000])
        #expect(milliseconds(&reconnection, 1) == [30000])
    }

    @Test func aServerThatShutsDownAgainAndAgainMakesNoStorm() {
        var reconnection = Reconnection(ReconnectPolicy())
        let delays = (0..<4).map { _ in
            reconnection.delay(after: .serverShutdown(.zero), authenticatedFor: .zero, unit: 0)
        }
        #expect(delays == [.milliseconds(100), .milliseconds(1500), .milliseconds(2250), .milliseconds(3375)])
    }

    @Test func comesBackWhenAShutdownSaidAndAtMostAnHourLater() {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&reconnection, 1, after: .serverShutdown(.milliseconds(2500.0)), unit: 1) == [2500])
        #expect(milliseconds(&reconnection, 1, after: .serverShutdown(.seconds(86400))) == [3_600_000])
        #expect(milliseconds(&reconnection, 1, after: .serverShutdown(nil)) == [2250])
    }

    @Test func retryAfterIsHonouredUpToAnHourButNeverHurriesUs() {
        var reconnection = Reconnection(ReconnectPolicy())
        #expect(milliseconds(&reconnection, 1, after: .retryAfter(.seconds(120)), unit: 1) == [120_000])
        #expect(milliseconds(&reconnection, 1, after: .retryAfter(.zero)) == [1500])
        #expect(milliseconds(&reconnection, 1, after: .retryAfter(.seconds(7200))) == [3_600_000])
    }

    @Test func theServersWishesAreBounded() {
        var wished = Reconnection(ReconnectPolicy())
        wished.heed(
            ReconnectHints(minDelay: .seconds(2), maxDelay: .seconds(4), initialDelay: .seconds(3), jitterFactor: 0.5))
        #expect(milliseconds(&wished, 3, unit: 1) == [4500, 6000, 6000])

        var hasty = Reconnection(ReconnectPolicy())
        hasty.heed(ReconnectHints(minDelay: .zero, maxDelay: .zero, initialDelay: .zero, jitterFactor: -3))
        #expect(milliseconds(&hasty, 2, unit: 1) == [100, 100])

        var slow = Reconnection(ReconnectPolicy())
        slow.heed(ReconnectHints(minDelay: .seconds(86400), initialDelay: .seconds(86400), jitterFactor: 9))
        #expect(milliseconds(&slow, 1) == [3_600_000])
        #expect(milliseconds(&slow, 1, unit: -1) == [0])
    }

    @Test func aFloorLiftsEachDelay() {
        var reconnection = Reconnection(ReconnectPolicy())
        reconnection.heed(ReconnectHints(minDelay: .seconds(10)))
        #expect(milliseconds(&reconnection, 4) == [10000, 15000, 22500, 30000])
    }

    @Test func newWishesTakeThePlaceOfOldOnes() {
        var reconnection = Reconnection(ReconnectPolicy())
        reconnection.heed(ReconnectHints(minDelay: .seconds(10), maxDelay: .seconds(20)))
        reconnection.heed(ReconnectHints())
        #expect(milliseconds(&reconnection, 2) == [1000, 1500])
    }

    @Test func theOperatorBeatsTheServer() {
        var policy = ReconnectPolicy()
        policy.initial = .milliseconds(200.0)
        policy.maximum = .seconds(1)
        policy.jitter = 0
        policy.chosen = [.initial, .maximum, .jitter]
        var reconnection = Reconnection(policy)
        reconnection.heed(
            ReconnectHints(minDelay: .seconds(5), maxDelay: .seconds(60), initialDelay: .seconds(7), jitterFactor: 1))
        #expect(milliseconds(&reconnection, 6, unit: 1) == [200, 300, 450, 675, 1000, 1000])

        policy.chosen = [.maximum]
        var bounded = Reconnection(policy)
        bounded.heed(ReconnectHints(minDelay: .seconds(5)))
        #expect(milliseconds(&bounded, 2) == [1000, 1000])
    }
}
