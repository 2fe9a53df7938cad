import DequeModule
import ProbeNative

/// How old the outbox's entries are, to the minute, at no cost for any one of them: a mark says that the entries below a
/// sequence were there at a time.
struct EntryAges {
    private static let step = Duration.seconds(60)

    private struct Mark {
        /// All that is below was there at `at`.
        var next: UInt64
        var at: Instant
        /// The first time that the mark stands for.
        var since: Instant
    }
    private var marks: Deque<Mark> = []

    /// Everything below `next` is at least as old as `now`.
    mutating func note(next: UInt64, at now: Instant) {
        let last = marks.last
        if let last, next <= last.next { return }
        let now = max(now, last?.at ?? now)
        if let last, now - last.since < Self.step {
            // The youngest of a minute counts for all of it: nothing is dropped too soon.
            marks[marks.count - 1] = Mark(next: next, at: now, since: last.since)
        } else {
            marks.append(Mark(next: next, at: now, since: now))
        }
    }

    /// At least how old an entry is; zero when it has come since the last `note`.
    func age(of sequence: UInt64, at now: Instant) -> Duration {
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].next <= sequence { low = middle + 1 } else { high = middle }
        }
        return low < marks.count ? max(.zero, now - marks[low].at) : .zero
    }

    /// The last sequence that is older than `limit`; nil when none has become so since the last time.
    mutating func expired(at now: Instant, limit: Duration, next: UInt64) -> UInt64? {
        note(next: next, at: now)
        var last: UInt64?
        while let first = marks.first, now - first.at >= limit {
            marks.removeFirst()
            last = first.next - 1
        }
        return last
    }
}
