import ProbeNative
import ProbeProtocol

/// Holds every answer from the moment it is written until the backend is known to have it. A write to a socket settles
/// nothing; only `result_received`, or a pong to a ping sent after the frame, does.
public final class Outbox: Sendable {
    /// Unsettled bytes from which on new jobs are refused: results are never dropped, so their source must stop.
    static let congestion = 64 << 20
    /// A frame is cut to this after the backend closed with 1009 (message too big).
    static let shrunkSize = 64 << 10

    fileprivate struct State {
        var store: any OutboxStore
        var kept = KeptAnswers()
        var nextSequence: UInt64 = 1
        /// The last entry pulled on this connection.
        var cursor: UInt64 = 0
        var wake: (@Sendable () -> Void)?
        var sequences: [String: UInt64] = [:]
        var shrunk: Set<UInt64> = []
        var nextWaiter = 0
        var emptyWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelledWaiters: Set<Int> = []
    }

    private let time: any TimeSource
    private let state: Locked<State>

    public init(time: any TimeSource, store: any OutboxStore = MemoryOutboxStore()) {
        self.time = time
        state = Locked(State(store: store))
    }

    public var unsettled: Int { state.withLock { $0.store.count } }
    public var hasUnsettled: Bool { unsettled > 0 }

    // MARK: The session's side

    /// A connection begins: everything unsettled goes first again, oldest first. `wake` is called, from any thread, when
    /// there may be something to pull.
    public func open(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.cursor = 0
            state.wake = wake
        }
        wake()
    }

    public func close() { state.withLock { $0.wake = nil } }

    /// The next entries for this connection: at most `bytes` in all, but at least one where there is any.
    public func pull(atMost bytes: Int) -> [OutboundEntry] {
        state.withLock { state in
            var batch: [OutboundEntry] = []
            var size = 0
            while let entry = state.store.first(after: state.cursor), batch.isEmpty || size + entry.bytes.count <= bytes
            {
                batch.append(entry)
                size += entry.bytes.count
                state.cursor = entry.sequence
            }
            return batch
        }
    }

    public func settle(requestID: String) {
        let now = time.now
        state.withLock { state in
            if let sequence = state.sequences[requestID] { state.settle(sequence, at: now) }
        }
    }

    public func settle(through sequence: UInt64) {
        let now = time.now
        state.withLock { state in
            while let entry = state.store.first(after: 0), entry.sequence <= sequence {
                state.settle(entry.sequence, at: now)
            }
        }
    }

    /// After a close 1009: the largest entry is cut to 64 KiB, and if that was done before, replaced by
    /// `result_too_large`. So no frame goes out a third time unchanged.
    public func shrinkLargestUnsettled() {
        state.withLock { state in
            var largest: OutboundEntry?
            var last: UInt64 = 0
            while let entry = state.store.first(after: last) {
                last = entry.sequence
                if entry.bytes.count > largest?.bytes.count ?? 0 { largest = entry }
            }
            guard let largest else { return }
            let isFirstTime = state.shrunk.insert(largest.sequence).inserted
            let limit = isFirstTime ? Self.shrunkSize : 0
            state.store.replace(
                largest.sequence, bytes: ResultShrinker.shrink(largest.bytes, requestID: largest.requestID, to: limit))
        }
    }
}

extension Outbox: ResultSink {
    public func append(requestID: String, _ bytes: [UInt8]) {
        let wake = state.withLock { state in
            state.append(requestID, bytes)
            return state.wake
        }
        wake?()
    }

    public func repeatAnswer(requestID: String) -> Bool {
        let now = time.now
        let (found, wake) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            if let sequence = state.sequences[requestID] {
                // Not settled. If it went out on this connection already, it goes again; else it is on its way.
                guard sequence <= state.cursor, let entry = state.store.remove(sequence) else { return (true, nil) }
                state.append(requestID, entry.bytes)
                return (true, state.wake)
            }
            guard let bytes = state.kept.find(requestID, at: now) else { return (false, nil) }
            state.append(requestID, bytes)
            return (true, state.wake)
        }
        wake?()
        return found
    }

    public var isCongested: Bool { state.withLock { $0.store.bytes >= Self.congestion } }
}

extension Outbox.State {
    fileprivate mutating func append(_ requestID: String, _ bytes: [UInt8]) {
        store.append(OutboundEntry(sequence: nextSequence, requestID: requestID, bytes: bytes))
        sequences[requestID] = nextSequence
        nextSequence += 1
    }

    fileprivate mutating func settle(_ sequence: UInt64, at now: Instant) {
        guard let entry = store.remove(sequence) else { return }
        if sequences[entry.requestID] == sequence { sequences[entry.requestID] = nil }
        shrunk.remove(sequence)
        kept.keep(entry.requestID, entry.bytes, at: now)
        guard store.count == 0 else { return }
        for waiter in emptyWaiters.values { waiter.resume() }
        emptyWaiters = [:]
    }
}

extension Outbox: ResultSource {
    public func emptied() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.store.count == 0 || state.cancelledWaiters.remove(id) != nil { return true }
                    state.emptyWaiters[id] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                if let waiter = state.emptyWaiters.removeValue(forKey: id) { return Optional(waiter) }
                state.cancelledWaiters.insert(id)
                return nil
            }
            waiter?.resume()
        }
    }
}
