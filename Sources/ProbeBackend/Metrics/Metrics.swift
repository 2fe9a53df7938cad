import NIOConcurrencyHelpers

/// What this process has counted since it began.
final class Metrics: Sendable {
    struct Counts: Sendable {
        var heartbeats = 0
        var answers: [AnswerOutcome: Int] = [:]
        /// Jobs by the state in which they ended here.
        var finished: [JobState: Int] = [:]
        var requests: [RequestKind: Int] = [:]
    }

    struct RequestKind: Sendable, Hashable {
        let method: String
        /// With its parameters' names: there are few of them.
        let route: String
        let status: Int
    }

    private let counts = NIOLockedValueBox(Counts())

    var snapshot: Counts { counts.withLockedValue { $0 } }

    /// One that is kept: of several that came at once the newest.
    func heartbeat() {
        counts.withLockedValue { $0.heartbeats += 1 }
    }

    func answered(_ outcomes: [(isSuccess: Bool, outcome: AnswerOutcome)]) {
        counts.withLockedValue { counts in
            for (isSuccess, outcome) in outcomes {
                counts.answers[outcome, default: 0] += 1
                if outcome == .finished { counts.finished[isSuccess ? .done : .failed, default: 0] += 1 }
            }
        }
    }

    func ended(_ state: JobState, _ count: Int) {
        counts.withLockedValue { $0.finished[state, default: 0] += count }
    }

    func request(_ kind: RequestKind) {
        counts.withLockedValue { $0.requests[kind, default: 0] += 1 }
    }
}
