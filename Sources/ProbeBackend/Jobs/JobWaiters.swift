import NIOConcurrencyHelpers

/// Who waits for which jobs to finish.
final class JobWaiters: Sendable {
    private struct State {
        var nextWaiter = 0
        var waiting: [String: [Int: AsyncStream<String>.Continuation]] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// One wait for a set of jobs. Made before the jobs are stored, it misses none.
    struct Wait: Sendable {
        fileprivate let number: Int
        fileprivate let requestIDs: [String]
        /// The ids as they finish.
        let finished: AsyncStream<String>
        fileprivate let continuation: AsyncStream<String>.Continuation
    }

    func begin(_ requestIDs: [String]) -> Wait {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        return state.withLockedValue { state in
            state.nextWaiter += 1
            for id in requestIDs { state.waiting[id, default: [:]][state.nextWaiter] = continuation }
            return Wait(
                number: state.nextWaiter, requestIDs: requestIDs, finished: stream, continuation: continuation)
        }
    }

    /// The jobs that anybody waits for.
    var awaited: [String] { state.withLockedValue { Array($0.waiting.keys) } }

    func end(_ wait: Wait) {
        wait.continuation.finish()
        state.withLockedValue { state in
            for id in wait.requestIDs {
                state.waiting[id]?[wait.number] = nil
                if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
            }
        }
    }

    func finished(_ requestIDs: some Sequence<String>) {
        state.withLockedValue { state in
            for id in requestIDs {
                for continuation in state.waiting.removeValue(forKey: id)?.values ?? [:].values {
                    continuation.yield(id)
                }
            }
        }
    }
}
