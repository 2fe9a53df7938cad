import Logging
import ProbeNative

/// Posts JSON to a URL by the node's own HTTP engine.
///
/// What fails for a reason that may pass (no connection, 408, 429, 5xx) is tried again after 1, 2, 4, ... 60 s; every
/// other answer, and the last attempt, ends it.
struct Delivery: Sendable {
    private static let longestPause = Duration.seconds(60)

    /// How the log calls it: `webhook https://example.com/alerts`.
    let name: String
    let url: String
    /// Of the http tool, without the body.
    let parameters: [ParameterValue.Member]
    var timeout: Duration
    var attempts: Int

    /// Returns when it is delivered or given up, which is logged.
    func send(_ body: [UInt8], _ engine: Engine, _ logger: Logger) async -> Bool {
        let text = String(decoding: body, as: UTF8.self)
        guard let probe = try? HTTPTool().prepare(target: url, parameters: parameters + [.init("body", .string(text))])
        else { return false }
        var pause = Duration.seconds(1)
        for attempt in 1...attempts {
            let outcome = await engine.run(probe, timeout: timeout).outcome
            guard let failure = outcome.failure else { return true }
            let isLast = attempt == attempts || !Self.mayPass(outcome, failure) || Task.isCancelled
            logger.log(
                level: isLast ? .error : .warning, isLast ? "watch.delivery_lost" : "watch.delivery_failed",
                metadata: ["output": "\(name)", "code": "\(failure.code.rawValue)", "reason": "\(failure.detail)"])
            if isLast { return false }
            do { try await engine.time.sleep(for: pause) } catch { return false }
            pause = min(pause * 2, Self.longestPause)
        }
        return false
    }

    private static func mayPass(_ outcome: ProbeOutcome, _ failure: ProbeFailure) -> Bool {
        guard failure.code == .expectationFailed, let status = (outcome.report as? HTTPReport)?.last.status else {
            return failure.code != .policyDenied
        }
        return status == 408 || status == 429 || status >= 500
    }
}
