import ProbeNative

/// What a peer said, in order, for a test that waits until it says a certain thing.
///
/// `next` takes the first element that matches out of the log and leaves the others, so that a test
/// need not care in which order unrelated events arrive. It waits for an event, never for a time;
/// the limit only bounds a failing test.
public final class EventLog<Element: Sendable>: Sendable {
    /// Nothing matched within the limit, or the log ended first.
    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Waiter {
        let id: Int
        let takes: Bool
        let matches: @Sendable (Element) -> Bool
        let continuation: CheckedContinuation<Element?, Never>
    }

    private struct State {
        var pending: [Element] = []
        var waiters: [Waiter] = []
        var lastID = 0
        var isFinished = false
    }

    private let state = Locked(State())

    public init() {}

    /// Everything that no `next` has taken yet.
    public var pending: [Element] { state.withLock { $0.pending } }

    public func append(_ element: Element) {
        let served = state.withLock { state in
            let matching = state.waiters.filter { $0.matches(element) }
            let taker = matching.first { $0.takes }
            if taker == nil { state.pending.append(element) }
            let served = matching.filter { !$0.takes || $0.id == taker?.id }
            state.waiters.removeAll { waiter in served.contains { $0.id == waiter.id } }
            return served
        }
        guard !served.isEmpty else { return }
        // The caller may be a thread of a lab.
        HomeThread.shared.perform { for waiter in served { waiter.continuation.resume(returning: element) } }
    }

    /// No more will come: waiting callers get `Missing` at once.
    public func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        guard !waiters.isEmpty else { return }
        HomeThread.shared.perform { for waiter in waiters { waiter.continuation.resume(returning: nil) } }
    }

    /// Takes the first element that matches.
    public func next(
        _ what: String = "event", within limit: Duration = .seconds(30),
        where matches: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) async throws -> Element {
        guard let found = try await wait(within: limit, takes: true, matches) else { throw missing(what, limit) }
        return found
    }

    /// The first element that matches, left in the log.
    public func peek(
        _ what: String = "event", within limit: Duration = .seconds(30),
        where matches: @escaping @Sendable (Element) -> Bool = { _ in true }
    ) async throws -> Element {
        guard let found = try await wait(within: limit, takes: false, matches) else { throw missing(what, limit) }
        return found
    }

    /// Waits until nothing more will come.
    public func finished(within limit: Duration = .seconds(30)) async throws {
        _ = try await wait(within: limit, takes: false) { _ in false }
        guard state.withLock({ $0.isFinished }) else { throw missing("end", limit) }
    }

    private func wait(
        within limit: Duration, takes: Bool, _ matches: @escaping @Sendable (Element) -> Bool
    ) async throws -> Element? {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let timeout = Locked<Task<Void, any Error>?>(nil)
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.enter(Waiter(id: id, takes: takes, matches: matches, continuation: continuation))
                // Only now: a limit that is over before the waiter stands in the list would end nobody's wait.
                timeout.withLock {
                    $0 = Task {
                        try await Task.sleep(for: limit)
                        self.giveUp(id)
                    }
                }
            }
        } onCancel: {
            self.giveUp(id)
        }
        timeout.withLock { $0?.cancel() }
        try Task.checkCancellation()
        return found
    }

    private func enter(_ waiter: Waiter) {
        let (isServed, found): (Bool, Element?) = state.withLock { state in
            if let index = state.pending.firstIndex(where: waiter.matches) {
                return (true, waiter.takes ? state.pending.remove(at: index) : state.pending[index])
            }
            if state.isFinished || Task.isCancelled { return (true, nil) }
            state.waiters.append(waiter)
            return (false, nil)
        }
        if isServed { waiter.continuation.resume(returning: found) }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func missing(_ what: String, _ limit: Duration) -> Missing {
        state.withLock { state in
            let seen = state.pending.suffix(10).map { String(String(describing: $0).prefix(300)) }
            let why = state.isFinished ? "its source ended" : "waited \(limit)"
            return Missing(description: "no \(what): \(why); last seen:\n" + seen.joined(separator: "\n"))
        }
    }
}
