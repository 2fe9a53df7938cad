import ProbeNative
import ProbeProtocol
import Testing

@testable import ProbeAgent

@Suite struct IntakeTests {
    private let intake = Intake(registry: ToolRegistry([GatedTool()]))
    private let now = Instant(nanoseconds: 1_000_000_000)

    @Test func theDeadlineCountsFromReceipt() throws {
        let job = try intake.validate(message(timeout: 2.5), at: now)
        #expect(job.deadline == now + .milliseconds(2500))
        #expect(try intake.validate(message(), at: now).deadline == now + .seconds(30))
    }

    @Test(arguments: [0.0, 0.09, -1, 600.1, 1e300, .infinity, .nan])
    func timeoutsOutOfRangeAreRefused(_ timeout: Double) {
        let failure = #expect(throws: ProbeFailure.self) { try intake.validate(message(timeout: timeout), at: now) }
        #expect(failure?.code == .invalidParameters && failure?.stage == .queue)
    }

    @Test func unknownToolsAreNamedWithThoseThereAre() {
        let failure = #expect(throws: ProbeFailure.self) { try intake.validate(message(tool: "Ping\n"), at: now) }
        #expect(failure?.code == .unknownTool)
        #expect(failure?.detail == "This node has no tool \"Ping\\u{a}\"; it has: gated.")
    }

    @Test(arguments: ["-oX", "a\nb", "%00", "http://[::1", String(repeating: "x", count: 300), ""])
    func hostileTargetsAreRefused(_ target: String) {
        let failure = #expect(throws: ProbeFailure.self) { try intake.validate(message(target: target), at: now) }
        #expect(failure?.code == .invalidParameters)
        #expect(failure?.detail.contains("\n") == false)
    }

    @Test func aWrongTypeIsAnInvalidParameter() {
        var bad = message()
        bad.problem = "tool must be text, not 5."
        #expect(throws: ProbeFailure(.queue, .invalidParameters, "tool must be text, not 5.")) {
            try intake.validate(bad, at: now)
        }
    }

    private func message(tool: String = "gated", target: String = "example.com", timeout: Double? = nil) -> JobMessage {
        JobMessage(requestID: "r", tool: tool, target: target, timeout: timeout)
    }
}
