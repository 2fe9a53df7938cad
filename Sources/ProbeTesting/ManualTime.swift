import ProbeNative

/// A clock that a test advances by hand. Sleepers and reactors on it wake when their instant has come; nothing sleeps
/// for real.
public final class ManualTime: TimeSource {
    private struct Sleeper {
        var id: Int
        var due: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now = Instant(nanoseconds: 1_000_000_000)
        var wall = WallTime(nanoseconds: 1_767_225_600_000_000_000)
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var nextID = 0
        var observers: [@Sendable () -> Void] = []
        var arrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Locked(State())

    public init() {}

    public var now: Instant { state.withLock { $0.now } }
    public var wallTime: WallTime { state.withLock { $0.wall } }
    public func realDelay(until instant: Instant) -> Int64? { nil }
    public func onAdvance(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.observers.append(body) } }

    /// The instants that sleepers wait for, soonest first.
    public var pending: [Instant] { state.withLock { $0.sleepers.map(\.due).sorted() } }

    public func sleep(until instant: Instant) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (outcome, arrived) = state.withLock {
                    state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
                    if state.cancelled.remove(id) != nil { return (.failure(CancellationError()), []) }
                    if instant <= state.now { return (.success(()), []) }
                    state.sleepers.append(Sleeper(id: id, due: instant, continuation: continuation))
                    let count = state.sleepers.count
                    let arrived = state.arrivals.filter { $0.count <= count }.map(\.continuation)
                    state.arrivals.removeAll { $0.count <= count }
                    return (nil, arrived)
                }
                for waiter in arrived { waiter.resume() }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                if let index = state.sleepers.firstIndex(where: { $0.id == id }) {
                    return state.sleepers.remove(at: index)
                }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Returns once `count` sleepers wait: the way to know that the code under test has come to its pause.
    public func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let there = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.arrivals.append((count, continuation))
                return false
            }
            if there { continuation.resume() }
        }
    }

    public func advance(by duration: Duration) {
        let (due, observers) = state.withLock { state in
            state.now = state.now + duration
            state.wall.nanoseconds += duration.wholeNanoseconds
            let now = state.now
            let due = state.sleepers.filter { $0.due <= now }.sorted { $0.due < $1.due }
            state.sleepers.removeAll { $0.due <= now }
            return (due, state.observers)
        }
        for sleeper in due { sleeper.continuation.resume() }
        for observer in observers { observer() }
    }

    /// Moves the wall clock alone, as an administrator or NTP would.
    public func stepWallClock(by duration: Duration) {
        state.withLock { $0.wall.nanoseconds += duration.wholeNanoseconds }
    }
}
