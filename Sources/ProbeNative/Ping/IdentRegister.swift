/// The ICMP idents that requests of this process use. One that is in use is refused; liboping draws them at random. One
/// whose requests had no room for a whole cookie rests after its use, so that a late reply finds nobody to be credited
/// to.
final class IdentRegister: Sendable {
    /// Replies later than this after a request's timeout are beyond what networks do.
    static let rest = Duration.seconds(2)

    /// Idents are the host's, not a lane's: one register for the whole process.
    static let shared = IdentRegister()

    /// Until when each is taken, in nanoseconds of the monotonic clock.
    private let busyUntil = Locked([Int64](repeating: .min, count: 1 << 16))

    /// False when it is in use or rests at `now`.
    func claim(_ ident: UInt16, at now: Instant) -> Bool {
        busyUntil.withLock { table in
            guard table[Int(ident)] <= now.nanoseconds else { return false }
            table[Int(ident)] = .max
            return true
        }
    }

    /// It rests from `now` on, for the packet's timeout and 2 s.
    func release(_ ident: UInt16, at now: Instant, after timeout: Duration) {
        busyUntil.withLock { $0[Int(ident)] = (now + timeout + Self.rest).nanoseconds }
    }

    /// It needs no rest: its packets' payload tells a late reply.
    func release(_ ident: UInt16) { busyUntil.withLock { $0[Int(ident)] = .min } }

    /// How many are in use or rest at `now`.
    func count(at now: Instant) -> Int {
        busyUntil.withLock { table in table.reduce(0) { $1 > now.nanoseconds ? $0 + 1 : $0 } }
    }
}
