import ProbeNative
import ProbeProtocol

/// Passes a job's partial results on, numbered from 1: at most one each `interval`, and none once the job is answered.
/// One that comes too soon is dropped and takes no number; the next tells more, and the answer tells all.
final class ProgressReporter: Sendable {
    static let interval = Duration.milliseconds(100)

    private struct State {
        var sequence = 0
        var notBefore: Instant?
        var isOver = false
    }

    private let requestID: String
    private let time: any TimeSource
    private let send: @Sendable (ProgressFrame) -> Void
    private let state = Locked(State())

    init(_ requestID: String, time: any TimeSource, send: @escaping @Sendable (ProgressFrame) -> Void) {
        self.requestID = requestID
        self.time = time
        self.send = send
    }

    func report(_ partial: any Report) {
        let now = time.now
        let sequence = state.withLock { state -> Int? in
            guard !state.isOver, state.notBefore.map({ $0 <= now }) ?? true else { return nil }
            state.notBefore = now + Self.interval
            state.sequence += 1
            return state.sequence
        }
        guard let sequence else { return }
        send(ProgressFrame(requestID: requestID, sequence: sequence, partial: partial))
    }

    /// The answer goes out: a tool that runs on has nothing more to say.
    func end() { state.withLock { $0.isOver = true } }
}
