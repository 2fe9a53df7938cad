/// A point on the monotonic clock (CLOCK_MONOTONIC), in nanoseconds. It never steps; deadlines, timers and RTTs use it.
public struct Instant: Hashable, Sendable, InstantProtocol {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }
    public func duration(to other: Instant) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    public static func - (a: Instant, b: Instant) -> Duration { b.duration(to: a) }
    public static func + (a: Instant, b: Duration) -> Instant { a.advanced(by: b) }

    public static let distantFuture = Instant(nanoseconds: .max)
}

/// A point on the wall clock (CLOCK_REALTIME), nanoseconds since 1970-01-01T00:00:00Z. Only for timestamps shown to
/// people and peers: it may step, so no duration is ever measured by it.
public struct WallTime: Hashable, Sendable, Comparable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (a: WallTime, b: WallTime) -> Bool { a.nanoseconds < b.nanoseconds }
}

extension Duration {
    /// Truncated towards zero; saturates at the range of Int64 (292 years).
    public var wholeNanoseconds: Int64 {
        // Nearly all are less than nine seconds: no division of 128 bits.
        if let small = Int64(exactly: attoseconds) { return small / 1_000_000_000 }
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
    /// Float milliseconds, the unit of every `_ms` field.
    public var inMilliseconds: Double { Double(wholeNanoseconds) / 1e6 }
    public var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }

    public static func milliseconds(_ value: Double) -> Duration { .nanoseconds(Int64(value * 1e6)) }
    public static func seconds(fromDouble value: Double) -> Duration { .nanoseconds(Int64(value * 1e9)) }
}

/// The one source of time: the system's, or a test's that is advanced by hand.
public protocol TimeSource: Sendable {
    var now: Instant { get }
    var wallTime: WallTime { get }
    /// Nanoseconds of real time until `instant` is due, never negative; nil when real time does not bring it nearer
    /// (a manual clock, which wakes its sleepers itself).
    func realDelay(until instant: Instant) -> Int64?
    /// Returns at `instant`, or throws CancellationError.
    func sleep(until instant: Instant) async throws
    /// Calls `body` after each advance of a manual clock. The system's clock never calls it.
    func onAdvance(_ body: @escaping @Sendable () -> Void)
}

extension TimeSource {
    public func sleep(for duration: Duration) async throws { try await sleep(until: now + duration) }
}
