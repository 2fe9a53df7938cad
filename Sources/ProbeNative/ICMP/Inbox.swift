import DequeModule

/// Events of one prober, taken in their order by straight-line code on the same reactor. Bounded: a peer that floods
/// loses its own later events.
public final class Inbox<Event> {
    public enum Next {
        case event(Event)
        /// The instant came first.
        case timeout
        /// The task was cancelled.
        case cancelled
    }

    private let reactor: Reactor
    private let limit: Int
    private var events: Deque<Event> = []
    private var waiter: WaitToken?

    init(_ reactor: Reactor, limit: Int = 4096) {
        self.reactor = reactor
        self.limit = limit
    }

    /// The oldest event, if there is one.
    public func take() -> Event? { events.popFirst() }

    /// Waits for an event until `instant`. One task at a time.
    nonisolated(nonsending) public func next(until instant: Instant) async -> Next {
        while true {
            if let event = events.popFirst() { return .event(event) }
            switch await reactor.park(until: instant, { waiter = $0 }) {
            case .ready: continue
            case .timeout: return events.popFirst().map(Next.event) ?? .timeout
            case .cancelled: return .cancelled
            }
        }
    }

    func put(_ event: Event) {
        guard events.count < limit else { return }
        events.append(event)
        if let token = waiter.take() { reactor.wake(token) }
    }
}
