import Testing

@testable import ProbeNative

@Suite struct ClockCheckTests {
    private let fine = EchoOutcome.reply(rtt: .milliseconds(20), ttl: 64)

    @Test func clocksThatAgreeAreTrusted() {
        let check = ClockCheck(wall: .milliseconds(21.5), monotonic: .milliseconds(21.0))
        #expect(!check.stepped)
        #expect(check.outcome(latency: .milliseconds(20), ttl: 64, isAlone: true) == EchoResult(outcome: fine))
        #expect(check.outcome(latency: nil, ttl: nil, isAlone: true) == EchoResult(outcome: .timeout))
    }

    @Test func slewingIsNoStep() {
        #expect(!ClockCheck(wall: .milliseconds(10005.0), monotonic: .milliseconds(10000.0)).stepped)
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(-3600), .milliseconds(5.0), .milliseconds(-5.0)])
    func aStepIsSeenAndItsValueNotTrusted(_ step: Duration) {
        let check = ClockCheck(wall: .milliseconds(20.0) + step, monotonic: .milliseconds(20.0))
        #expect(check.stepped)
        // A lone host's call ends with its reply; in a batch nothing tells the time.
        #expect(
            check.outcome(latency: .milliseconds(3), ttl: 64, isAlone: true)
                == EchoResult(outcome: .reply(rtt: .milliseconds(20), ttl: 64), clockStepped: true))
        #expect(
            check.outcome(latency: .milliseconds(3), ttl: 64, isAlone: false)
                == EchoResult(outcome: .reply(rtt: nil, ttl: 64), clockStepped: true))
        #expect(
            check.outcome(latency: nil, ttl: nil, isAlone: true) == EchoResult(outcome: .timeout, clockStepped: true))
    }

    @Test func aReplyThatTookLongerThanTheCallIsNotBelieved() {
        // Stepped there and back within the call: the clocks agree at its end.
        let check = ClockCheck(wall: .milliseconds(20.0), monotonic: .milliseconds(20.0))
        #expect(check.outcome(latency: .seconds(5), ttl: 64, isAlone: true).clockStepped)
    }
}
