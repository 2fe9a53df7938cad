import ProbeNative

/// Calls `action` when the earliest instant it was armed for has come; a later instant is left to the next arming. Any
/// thread may arm it.
final class Alarm: Sendable {
    private let reactor: Reactor
    private let armedFor = Locked<Instant?>(nil)

    init(_ reactor: Reactor) { self.reactor = reactor }

    func arm(at instant: Instant, _ action: @escaping @Sendable () -> Void) {
        let isEarlier = armedFor.withLock { armed in
            if let armed, armed <= instant { return false }
            armed = instant
            return true
        }
        guard isEarlier else { return }
        reactor.submit { [self] in
            reactor.schedule(at: instant) {
                self.armedFor.withLock { if $0 == instant { $0 = nil } }
                action()
            }
        }
    }
}
