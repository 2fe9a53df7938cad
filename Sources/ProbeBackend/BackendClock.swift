import FoundationEssentials

/// The backend's two clocks and its only way to wait. Injected, so that expiry and timeouts are tested without waiting.
public struct BackendClock: Sendable {
    /// Milliseconds since 1970 (wall clock): expiry and everything that is stored.
    public var wallMilliseconds: @Sendable () -> Int64
    /// Milliseconds since any fixed moment, never stepped: timeouts of connections.
    public var monotonicMilliseconds: @Sendable () -> Int64
    /// Suspends for that long; throws `CancellationError` when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        wallMilliseconds: @escaping @Sendable () -> Int64,
        monotonicMilliseconds: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.monotonicMilliseconds = monotonicMilliseconds
        self.sleep = sleep
    }

    /// The machine's clocks.
    public static var system: BackendClock {
        let start = ContinuousClock.now
        return BackendClock(
            wallMilliseconds: { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) },
            monotonicMilliseconds: { Int64((ContinuousClock.now - start) / .milliseconds(1)) },
            sleep: { try await Task.sleep(for: $0) })
    }
}
