import DequeModule
import Logging
import ProbeNative
import ProbeProtocol

/// Posts each change of a check's state to a URL, one after the other, by the node's own HTTP engine.
///
/// What fails for a reason that may pass (no connection, 408, 429, 5xx) is tried again after 1, 2, 4, ... 60 s; every other
/// answer, and the last attempt, ends it.
public final class WebhookOutput: WatchOutput {
    /// Changes that may wait.
    static let mostWaiting = 1000
    private static let longestPause = Duration.seconds(60)
    /// How long what waits may take at the end.
    private static let finishing = Duration.seconds(2)

    private struct State {
        var waiting: Deque<[UInt8]> = []
        var dropped = 0
        var isEnding = false
        var worker: Task<Void, Never>?
        /// The worker waits for something to do.
        var idle: CheckedContinuation<Void, Never>?
    }

    public var name: String { "webhook \(url)" }
    private let url: String
    private let parameters: [ParameterValue.Member]
    private let timeout: Duration
    private let attempts: Int
    private let state = Locked(State())
    private let time = Locked<(any TimeSource)?>(nil)

    init(_ url: String, _ parameters: [ParameterValue.Member], timeout: Duration, attempts: Int) {
        self.url = url
        self.parameters = parameters
        self.timeout = timeout
        self.attempts = attempts
    }

    public func start(_ engine: Engine, _ logger: Logger) throws(ConfigurationError) {
        time.withLock { $0 = engine.time }
        let worker = Task { await work(engine, logger) }
        state.withLock { $0.worker = worker }
    }

    public func receive(_ event: WatchEvent) {
        guard case .change(let change) = event else { return }
        let body = JSONWriter.object(change)
        let idle = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.count < Self.mostWaiting else {
                state.dropped += 1
                return nil
            }
            state.waiting.append(body)
            return state.idle.take()
        }
        idle?.resume()
    }

    public var dropped: Int { state.withLock(\.dropped) }

    public func finish() async {
        let (worker, idle) = state.withLock { state in
            state.isEnding = true
            return (state.worker, state.idle.take())
        }
        idle?.resume()
        guard let worker, let time = time.withLock({ $0 }) else { return }
        let cut = Task {
            try await time.sleep(for: Self.finishing)
            worker.cancel()
        }
        await worker.value
        cut.cancel()
        state.withLock { state in
            state.dropped += state.waiting.count
            state.waiting = []
        }
    }

    // MARK: The worker

    private func work(_ engine: Engine, _ logger: Logger) async {
        while let body = await next() {
            guard await deliver(body, engine, logger) else {
                state.withLock { $0.dropped += 1 }
                continue
            }
        }
    }

    /// Waits for a change; nil at the end.
    private func next() async -> [UInt8]? {
        while !Task.isCancelled {
            let (body, isEnding) = state.withLock { ($0.waiting.popFirst(), $0.isEnding) }
            if body != nil || isEnding { return body }
            await withCheckedContinuation { continuation in
                let isNeeded = state.withLock { state in
                    if !state.waiting.isEmpty || state.isEnding { return true }
                    state.idle = continuation
                    return false
                }
                if isNeeded { continuation.resume() }
            }
        }
        return nil
    }

    private func deliver(_ body: [UInt8], _ engine: Engine, _ logger: Logger) async -> Bool {
        let text = String(decoding: body, as: UTF8.self)
        guard let probe = try? HTTPTool().prepare(target: url, parameters: parameters + [.init("body", .string(text))])
        else { return false }
        var pause = Duration.seconds(1)
        for attempt in 1...attempts {
            let outcome = await engine.run(probe, timeout: timeout).outcome
            guard let failure = outcome.failure else { return true }
            let isLast = attempt == attempts || !Self.mayPass(outcome, failure) || Task.isCancelled
            logger.log(
                level: isLast ? .error : .warning, isLast ? "watch.webhook_lost" : "watch.webhook_failed",
                metadata: ["url": "\(url)", "code": "\(failure.code.rawValue)", "reason": "\(failure.detail)"])
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
