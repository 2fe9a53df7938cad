import ProbeNative

/// A `diagnostic_response`: the one answer to a job, or the result of one of the node's own checks.
public struct JobResult: Sendable {
    public var requestID: String
    public var result: ProbeResult
    /// The fields of `check`; nil for a job's answer.
    public var check: (any Report)?

    public init(requestID: String, result: ProbeResult, check: (any Report)? = nil) {
        self.requestID = requestID
        self.result = result
        self.check = check
    }

    /// What of a rejected job's tool and target is said back: enough to recognise it, not enough to exceed a frame.
    static let longestEcho = (tool: 64, target: 4096)

    /// A job that the node did not run, answered by the road that results take.
    public init(rejecting requestID: String, tool: String, target: String, _ failure: ProbeFailure, at time: WallTime) {
        self.requestID = requestID
        result = ProbeResult(
            tool: tool.cut(toBytes: Self.longestEcho.tool), target: target.cut(toBytes: Self.longestEcho.target),
            outcome: ProbeOutcome(failure: failure), finishedAt: time)
    }

    /// The frame's bytes, at most `limit`: parts are left out in the order of `CutPart` until it fits; a result that
    /// does not fit even so is replaced by `result_too_large`.
    public func encoded(limit: Int) -> [UInt8] {
        let whole = Framed(requestID: requestID, result: result, check: check).bytes
        if whole.count <= limit { return whole }
        for cut in CutPart.allCases {
            let bytes = Framed(requestID: requestID, result: result, check: check, cut: cut).bytes
            if bytes.count <= limit { return bytes }
        }
        var replacement = result
        replacement.ignoredParameters = []
        replacement.target = result.target.cut(toBytes: 1024)
        replacement.outcome.report = EmptyReport()
        replacement.outcome.failure = ProbeFailure(
            .response, .resultTooLarge, "The result is larger than \(limit) bytes even with its long parts left out.")
        return Framed(requestID: requestID, result: replacement, check: check).bytes
    }
}

private struct Framed {
    var requestID: String
    var result: ProbeResult
    var check: (any Report)?
    var cut: CutPart?

    var bytes: [UInt8] {
        var writer = JSONWriter(leavingOut: cut)
        writer.object { writer in
            writer.field("type", "diagnostic_response")
            writer.field("request_id", requestID)
            writer.object("result") { result.write(to: &$0) }
            writer.field("success", result.outcome.failure?.isMeasurement ?? true)
            writer.field("execution_time", result.run.inSeconds)
            writer.field("timestamp", .time(result.finishedAt))
            if let check { writer.object("check") { check.write(to: &$0) } }
        }
        return writer.bytes
    }
}

extension String {
    /// At most `limit` bytes of UTF-8, cut between two scalars.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
