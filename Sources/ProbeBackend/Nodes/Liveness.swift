import NIOConcurrencyHelpers

/// When the last frame of a connection came. Written on the event loop, read by the connection's watchdog.
final class Liveness: Sendable {
    private let clock: BackendClock
    private let last: NIOLockedValueBox<Int64>

    init(_ clock: BackendClock) {
        self.clock = clock
        last = NIOLockedValueBox(clock.monotonicMilliseconds())
    }

    func touch() {
        let now = clock.monotonicMilliseconds()
        last.withLockedValue { $0 = now }
    }

    var silence: Duration {
        .milliseconds(clock.monotonicMilliseconds() - last.withLockedValue { $0 })
    }
}
