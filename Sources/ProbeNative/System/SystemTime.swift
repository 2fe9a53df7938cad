/// The kernel's clocks.
public struct SystemTime: TimeSource {
    public init() {}

    public var now: Instant { Instant(nanoseconds: Syscalls.clock(.monotonic)) }
    public var wallTime: WallTime { WallTime(nanoseconds: Syscalls.clock(.realtime)) }
    public func realDelay(until instant: Instant) -> Int64? { max(0, instant.nanoseconds - now.nanoseconds) }
    public func sleep(until instant: Instant) async throws {
        try await Task.sleep(for: instant - now, clock: .suspending)
    }
    public func onAdvance(_ body: @escaping @Sendable () -> Void) {}
}
