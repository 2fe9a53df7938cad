import DequeModule
import Logging
import ProbeNative
import ProbeProtocol

/// Posts each change of a check's state to a URL, one after the other.
public final class WebhookOutput: WatchOutput {
    /// Changes that may wait.
    static let mostWaiting = 1000
    /// How long what waits may take at the end.
    private static let finishing = Duration.seconds(2)

    private struct State {
        var waiting: Deque<[UInt8]> = []
        var dropped = 0
        var isEnding = false
        var worker: Task<Void, Never>?
        /// The worker waits for something to do.
        var idle: CheckedContinuation<Void, Never>?
    }

    public var name: String { delivery.name }
    private let delivery: Delivery
    private let state = Locked(State())
    private let time = Locked<(any TimeSource)?>(nil)

    init(_ delivery: Delivery) { self.delivery = delivery }

    public func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let engine = watch.engine
        time.withLock { $0 = engine.time }
        let worker = Task { await work(engine, logger) }
        state.withLock { $0.worker = worker }
    }

    public func receive(_ event: WatchEvent) {
        guard case .change(let change) = event else { return }
        let body = JSONWriter.object(change)
        let idle = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.count < Self.mostWaiting else {
                state.dropped += 1
                return nil
            }
            state.waiting.append(body)
            return state.idle.take()
        }
        idle?.resume()
    }

    public var dropped: Int { state.withLock(\.dropped) }

    public func finish() async {
        let (worker, idle) = state.withLock { state in
            state.isEnding = true
            return (state.worker, state.idle.take())
        }
        idle?.resume()
        guard let worker, let time = time.withLock({ $0 }) else { return }
        let cut = Task {
            try await time.sleep(for: Self.finishing)
            worker.cancel()
        }
        await worker.value
        cut.cancel()
        state.withLock { state in
            state.dropped += state.waiting.count
            state.waiting = []
        }
    }

    // MARK: The worker

    private func work(_ engine: Engine, _ logger: Logger) async {
        while let body = await next() {
            guard await delivery.send(body, engine, logger) else {
                state.withLock { $0.dropped += 1 }
                continue
            }
        }
    }

    /// Waits for a change; nil at the end.
    private func next() async -> [UInt8]? {
        while !Task.isCancelled {
            let (body, isEnding) = state.withLock { ($0.waiting.popFirst(), $0.isEnding) }
            if body != nil || isEnding { return body }
            await withCheckedContinuation { continuation in
                let isNeeded = state.withLock { state in
                    if !state.waiting.isEmpty || state.isEnding { return true }
                    state.idle = continuation
                    return false
                }
                if isNeeded { continuation.resume() }
            }
        }
        return nil
    }
}
