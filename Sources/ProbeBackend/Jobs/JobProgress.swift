import NIOConcurrencyHelpers

/// What a node has told of a job that still runs.
struct PartialResult: Sendable {
    let sequence: Int
    /// The node's object, byte for byte.
    let partial: RawJSON
}

/// The newest partial result of each job that runs. In memory only, and bounded: they are a courtesy, which the answer
/// replaces.
final class JobProgress: Sendable {
    private static let largestPartial = 64 << 10
    private static let largestTotal = 16 << 20

    private struct State {
        var newest: [String: PartialResult] = [:]
        var bytes = 0
    }

    private let state = NIOLockedValueBox(State())

    func keep(_ partial: PartialResult, of requestID: String) {
        let size = partial.partial.bytes.count
        guard size <= Self.largestPartial else { return }
        state.withLockedValue { state in
            let before = state.newest[requestID]?.partial.bytes.count ?? 0
            guard state.bytes - before + size <= Self.largestTotal else { return }
            state.newest[requestID] = partial
            state.bytes += size - before
        }
    }

    func newest(of requestID: String) -> PartialResult? { state.withLockedValue { $0.newest[requestID] } }

    func forget(_ requestIDs: some Sequence<String>) {
        state.withLockedValue { state in
            for id in requestIDs {
                guard let gone = state.newest.removeValue(forKey: id) else { continue }
                state.bytes -= gone.partial.bytes.count
            }
        }
    }
}
