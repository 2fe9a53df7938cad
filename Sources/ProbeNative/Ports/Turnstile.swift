/// Lets callers pass one by one, at a steady rate. What a late reactor missed is not made up for by a burst: at most a
/// millisecond's worth passes at once. Confined to its reactor.
final class Turnstile {
    /// How far behind a turn may be taken.
    private static let slack = Duration.milliseconds(-1)

    private let reactor: Reactor
    private let interval: Duration
    private var due: Instant
    private var isTaken = false
    private var waiting: [WaitToken] = []
    private var passedAtOnce = 0
    /// Passes without a wait, before others get their turn.
    private static let patience = 64

    init(_ reactor: Reactor, perSecond rate: Int) {
        self.reactor = reactor
        interval = .nanoseconds(1_000_000_000 / Int64(max(1, rate)))
        due = reactor.now
    }

    /// Returns when it is the caller's turn; false when its task was cancelled. Callers that wait are of one job: they
    /// are cancelled together.
    func turn() async -> Bool {
        // One waits for the time, the others for the one.
        while isTaken {
            guard await reactor.park(until: nil, { waiting.append($0) }) == .ready else { return false }
        }
        isTaken = true
        defer {
            isTaken = false
            if let next = waiting.popLast() { reactor.wake(next) }
        }
        let slot = max(due, reactor.now + Self.slack)
        due = slot + interval
        passedAtOnce = slot > reactor.now ? 0 : passedAtOnce + 1
        if passedAtOnce > 0, passedAtOnce % Self.patience != 0 { return !Task.isCancelled }
        let reason = await reactor.park(until: slot)
        due = max(due, reactor.now + Self.slack + interval)
        return reason != .cancelled
    }
}
