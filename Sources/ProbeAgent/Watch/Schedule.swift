import ProbeNative

/// When each check is due next. Pure: instants in, what is due out.
struct Schedule {
    struct Due: Equatable {
        var id: String
        /// Nil when it comes so late that the run is left out.
        var scheduled: Instant?
        /// Runs that are left out.
        var missed: Int
    }

    private struct Entry {
        var every: Duration
        var jitter: Duration
        var seed: UInt64
        /// Of the next run, without its jitter.
        var nominal: Instant
        var token: TimerHeap<String>.Token?

        /// The same for the same check and run, so that a test knows it.
        var due: Instant {
            guard jitter > .zero else { return nominal }
            var generator = SplitMix64(state: seed ^ UInt64(bitPattern: nominal.nanoseconds))
            return nominal + .nanoseconds(Int64.random(in: 0..<jitter.wholeNanoseconds, using: &generator))
        }
    }

    /// How late a run may start, if its interval is not shorter still: after a pause of the whole process all that was
    /// due meanwhile would come at once.
    static let patience = Duration.seconds(1)

    private var heap = TimerHeap<String>()
    private var entries: [String: Entry] = [:]
    private var spread = Spread()

    var earliest: Instant? { heap.earliest }

    /// Adds a check, whose first run comes within its interval from `now` on and away from those of others.
    mutating func add(_ id: String, _ timing: Check.Timing, at now: Instant) {
        var entry = Entry(
            every: timing.every, jitter: timing.jitter, seed: SplitMix64.hash(id),
            nominal: now + spread.next(timing.every))
        entry.token = heap.insert(id, due: entry.due)
        entries[id] = entry
    }

    mutating func remove(_ id: String) {
        if let token = entries.removeValue(forKey: id)?.token { heap.remove(token) }
    }

    /// What is due by now, soonest first. Each comes once and is due again after `now`.
    mutating func take(at now: Instant) -> [Due] {
        var due: [Due] = []
        while let id = heap.popDue(at: now) {
            guard var entry = entries[id] else { continue }
            let scheduled = entry.due
            let isLate = now - scheduled > min(Self.patience, entry.every / 2)
            let passed = (now - entry.nominal).wholeNanoseconds / entry.every.wholeNanoseconds
            due.append(Due(id: id, scheduled: isLate ? nil : scheduled, missed: Int(passed) + (isLate ? 1 : 0)))
            entry.nominal = entry.nominal + .nanoseconds(entry.every.wholeNanoseconds * (passed + 1))
            entry.token = heap.insert(id, due: entry.due)
            entries[id] = entry
        }
        return due
    }
}

/// Spreads the checks of each interval over it: the multiples of the golden ratio, each of which falls into one of the
/// widest gaps that those before it left (Steinhaus' three-gap theorem), however many there will be.
private struct Spread {
    private static let ratio = 0.618_033_988_749_894_8
    private var counts: [Duration: Int] = [:]

    mutating func next(_ interval: Duration) -> Duration {
        let count = counts[interval, default: 0]
        counts[interval] = count + 1
        let share = (Double(count) * Self.ratio).truncatingRemainder(dividingBy: 1)
        return .nanoseconds(Int64(share * Double(interval.wholeNanoseconds)))
    }
}

/// Steele, Lea and Flood's generator ("Fast splittable pseudorandom number generators", 2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// FNV-1a: Swift's own hashes differ from process to process.
    static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
