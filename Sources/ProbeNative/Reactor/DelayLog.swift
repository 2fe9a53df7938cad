import DequeModule

/// Remembers how long the reactor kept ready events waiting, so that a job can say how much of its own numbers may be
/// the node's doing. A sliding-window maximum: entries keep falling delays, so each costs amortised O(1).
struct DelayLog {
    private var entries: Deque<(at: Instant, delay: Duration)> = []
    /// No job lives longer than this (protocol: at most 600 s).
    private static let horizon = Duration.seconds(600)
    /// Delays below this are noise of the clock and the kernel.
    static let threshold = Duration.microseconds(100)

    mutating func record(_ delay: Duration, at now: Instant) {
        while let last = entries.last, last.delay <= delay { entries.removeLast() }
        entries.append((now, delay))
        while let first = entries.first, now - first.at > Self.horizon { entries.removeFirst() }
    }

    func worst(since start: Instant) -> Duration {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at < start { low = middle + 1 } else { high = middle }
        }
        return low < entries.count ? entries[low].delay : .zero
    }
}
