import Logging
import ProbeNative
import Synchronization

/// Tells any number of listeners what happens to a node. Whoever tells never waits: for each listener as many events are
/// kept as it asked for, and the oldest go first.
public final class NodeEvents: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<NodeEvent>.Continuation] = [:]
        var next = 0
        var isOver = false
    }
    private let state = Locked(State())
    /// Read for each job: without listeners nothing is made for them.
    private let isHeard = Atomic(false)

    public init() {}

    /// From now on; ends after `stopped`.
    /// - Parameter buffer: events that are kept for a listener that is slow.
    public func listen(buffer: Int = 1024) -> AsyncStream<NodeEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: NodeEvent.self, bufferingPolicy: .bufferingNewest(buffer))
        let key: Int? = state.withLock { state in
            guard !state.isOver else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            isHeard.store(true, ordering: .relaxed)
            return state.next
        }
        guard let key else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(key) }
        return stream
    }

    private func remove(_ key: Int) {
        state.withLock { state in
            state.listeners[key] = nil
            isHeard.store(!state.listeners.isEmpty, ordering: .relaxed)
        }
    }

    func tell(_ event: @autoclosure () -> NodeEvent) {
        guard isHeard.load(ordering: .relaxed) else { return }
        let event = event()
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(event) }
    }

    /// Nothing is told any more.
    func finish() {
        let listeners = state.withLock { state in
            state.isOver = true
            return Array(state.listeners.values)
        }
        // Outside of the lock, which their ending takes.
        for listener in listeners { listener.finish() }
    }
}

/// The node's own checks as events.
struct WatchEvents: WatchOutput {
    let events: NodeEvents

    let name = "events"
    var dropped: Int { 0 }
    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {}
    func receive(_ event: WatchEvent) { events.tell(.watch(event)) }
    func finish() async {}
}
