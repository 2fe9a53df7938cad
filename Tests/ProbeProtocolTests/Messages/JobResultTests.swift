import Foundation
import ProbeNative
import Testing

@testable import ProbeProtocol

@Suite struct JobResultTests {
    private struct Long: Report {
        var body: String
        var other: String
        func write(to writer: inout some ReportWriter) {
            writer.field("kept", other)
            if writer.admits(.body, "body") { writer.field("body", body) }
        }
    }

    @Test func aTargetsFailureIsAMeasurement() throws {
        let frame = try frame(ProbeOutcome(failure: ProbeFailure(.connect, .connectionRefused, "Refused.")))
        #expect(frame["success"] as? Bool == true)
        let result = try #require(frame["result"] as? [String: Any])
        #expect(result["success"] as? Bool == false)
        #expect(result["error_code"] as? String == "connection_refused")
        #expect(result["stage"] as? String == "connect")
        #expect(result["error"] as? String == "Refused.")
    }

    @Test(arguments: [
        ErrorCode.queueFull, .policyDenied, .invalidParameters, .unknownTool, .cancelled, .shuttingDown, .internalError,
    ])
    func whatTheNodeDidNotMeasureIsNot(_ code: ErrorCode) throws {
        #expect(try frame(ProbeOutcome(failure: ProbeFailure(.queue, code, "No.")))["success"] as? Bool == false)
    }

    @Test func aDeadlineInTheQueueIsNoMeasurementButOneOnTheWayIs() throws {
        #expect(try frame(ProbeOutcome(failure: .deadline(.queue)))["success"] as? Bool == false)
        #expect(try frame(ProbeOutcome(failure: .deadline(.connect)))["success"] as? Bool == true)
    }

    @Test func tooLargeResultsLoseTheirPartsInOrder() throws {
        let long = String(repeating: "x", count: 100_000)
        let cut = try frame(ProbeOutcome(Long(body: long, other: "here")), limit: 10_000)
        let result = try #require(cut["result"] as? [String: Any])
        #expect(result["kept"] as? String == "here")
        #expect(result["body"] == nil)
        #expect(result["truncated_fields"] as? [String] == ["body"])
        #expect(result["success"] as? Bool == true)

        let replaced = try frame(ProbeOutcome(Long(body: "", other: long)), limit: 10_000)
        #expect((replaced["result"] as? [String: Any])?["error_code"] as? String == "result_too_large")
    }

    @Test(arguments: ["x", "\u{8}", "\u{1F600}"])
    func whatIsSaidBackOfARejectedJobIsBounded(_ unit: String) throws {
        let long = String(repeating: unit, count: 1 << 20)
        let failure = ProbeFailure(.queue, .invalidParameters, "No.")
        let job = JobResult(rejecting: "r", tool: long, target: long, failure, at: WallTime(nanoseconds: 0))
        let bytes = job.encoded(limit: 1 << 20)
        #expect(bytes.count < 40_000)
        _ = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(ResultShrinker.shrink(bytes, requestID: "r", to: 0).count < 10_000)
    }

    private func frame(_ outcome: ProbeOutcome, limit: Int = 1 << 20) throws -> [String: Any] {
        let result = ProbeResult(
            tool: "t", target: "x", outcome: outcome, queued: .milliseconds(1), run: .milliseconds(250),
            finishedAt: WallTime(nanoseconds: 0))
        let bytes = JobResult(requestID: "r", result: result).encoded(limit: limit)
        #expect(bytes.count <= limit)
        let frame = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(frame["type"] as? String == "diagnostic_response" && frame["request_id"] as? String == "r")
        #expect(frame["execution_time"] as? Double == 0.25)
        return frame
    }
}
