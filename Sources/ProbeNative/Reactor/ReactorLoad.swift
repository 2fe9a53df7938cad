import ProbeMetrics
import Synchronization

/// How busy a reactor is: told by its thread at each turn, read by any.
public final class ReactorLoad: Sendable {
    /// Turns that kept ready events waiting for longer than `DelayLog.threshold`.
    public let slowTurns = Histogram([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5])
    private let busyNanoseconds = Atomic<Int64>(0)
    /// CLOCK_MONOTONIC at the beginning of the turn that is under way; 0 while the reactor waits for events.
    private let since = Atomic<Int64>(0)

    init() {}

    /// Seconds that were not spent waiting for events.
    public var busy: Duration { .nanoseconds(busyNanoseconds.load(ordering: .relaxed)) }

    /// How long the turn has lasted that is under way; zero when there is none. One that hangs grows for ever.
    /// - Parameter now: the kernel's monotonic time, whatever clock the reactor was given.
    public func turnAge(at now: Instant) -> Duration {
        let since = since.load(ordering: .relaxed)
        return since == 0 ? .zero : max(.zero, now - Instant(nanoseconds: since))
    }

    func began(at now: Instant) { since.store(now.nanoseconds, ordering: .relaxed) }

    func ended(after duration: Duration) {
        since.store(0, ordering: .relaxed)
        let nanoseconds = duration.wholeNanoseconds
        // The one thread that writes: no need for an atomic addition.
        busyNanoseconds.store(busyNanoseconds.load(ordering: .relaxed) + nanoseconds, ordering: .relaxed)
        if duration > DelayLog.threshold { slowTurns.observe(nanoseconds: Int(nanoseconds)) }
    }
}
