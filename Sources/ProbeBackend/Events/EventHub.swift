import NIOConcurrencyHelpers

/// Hands what happens to everybody who watches it over `GET /api/v1/events`.
///
/// Nodes and jobs are told of by their ids: `EventPump` reads them from the store once for all watchers, and what
/// changes twice meanwhile is told once, as it is then.
final class EventHub: Sendable {
    /// Changes that wait to be read; with more, watchers are told to reload.
    private static let mostChanges = 10_000

    private struct State {
        var nextWatcher = 0
        var watchers: [Int: EventWatcher] = [:]
        var changes = Changes()
    }

    struct Changes: Sendable {
        var nodes: Set<String> = []
        var jobs: Set<String> = []
        var isEmpty: Bool { nodes.isEmpty && jobs.isEmpty }
    }

    /// Yields when there are changes to be read.
    let changed: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let state = NIOLockedValueBox(State())

    init() {
        (changed, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: What happens

    func nodeChanged(_ uuid: String) {
        note { $0.nodes.insert(uuid) }
    }

    func jobsChanged(_ requestIDs: some Collection<String>) {
        guard !requestIDs.isEmpty else { return }
        note { $0.jobs.formUnion(requestIDs) }
    }

    private func note(_ change: (inout Changes) -> Void) {
        let isTooMuch = state.withLockedValue { state in
            // Nobody watches: by far the usual case, and nothing is to be read.
            guard !state.watchers.isEmpty else { return false }
            change(&state.changes)
            guard state.changes.jobs.count + state.changes.nodes.count > Self.mostChanges else { return false }
            state.changes = Changes()
            return true
        }
        if isTooMuch { reset() } else { wakeUp.yield() }
    }

    func progressed(_ requestID: String, _ partial: PartialResult) {
        let watchers = watchers.filter { $0.wants(.progress, of: requestID) }
        guard !watchers.isEmpty, let event = try? ServerEvent.progress(requestID, partial) else { return }
        for watcher in watchers { watcher.tell(event) }
    }

    /// Something may have been missed: whoever watches must load anew.
    func reset() {
        for watcher in watchers { watcher.reset() }
    }

    // MARK: Who is told

    func watch(_ interest: EventInterest) -> EventWatcher {
        state.withLockedValue { state in
            state.nextWatcher += 1
            let watcher = EventWatcher(number: state.nextWatcher, interest)
            state.watchers[watcher.number] = watcher
            return watcher
        }
    }

    func end(_ watcher: EventWatcher) {
        state.withLockedValue { $0.watchers[watcher.number] = nil }
    }

    var watchers: [EventWatcher] { state.withLockedValue { Array($0.watchers.values) } }

    func takeChanges() -> Changes {
        state.withLockedValue { state in
            defer { state.changes = Changes() }
            return state.changes
        }
    }
}
