import ProbeNative

/// Lets one log line through in a while, and counts the others.
struct LogLimit {
    private let interval: Duration
    private var next: Instant?
    private var suppressed = 0

    init(every interval: Duration) { self.interval = interval }

    /// How many were held back since the last one that went through; nil to hold this one back too.
    mutating func admit(at now: Instant) -> Int? {
        if let next, now < next {
            suppressed += 1
            return nil
        }
        next = now + interval
        defer { suppressed = 0 }
        return suppressed
    }
}
