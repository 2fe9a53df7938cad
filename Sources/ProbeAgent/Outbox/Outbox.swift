import DequeModule
import ProbeNative
import ProbeProtocol
import Synchronization

/// Holds every answer from the moment it is written until the backend is known to have it. A write to a socket settles
/// nothing; only `result_received`, or a pong to a ping sent after the frame, does.
public final class Outbox: Sendable {
    /// A frame is cut to this after the backend closed with 1009 (message too big).
    static let shrunkSize = 64 << 10

    fileprivate struct State {
        var store: any OutboxStore
        var kept = KeptAnswers()
        var nextSequence: UInt64 = 1
        /// The last entry pulled on this connection.
        var cursor: UInt64 = 0
        /// Pulled on this connection, and asked for once more.
        var again: Set<UInt64> = []
        /// The same in the order in which they were asked for; one that was settled since stays until its turn.
        var againInOrder: Deque<UInt64> = []
        var wake: (@Sendable () -> Void)?
        var sequences: [String: UInt64] = [:]
        var shrunk: Set<UInt64> = []
        var ages = EntryAges()
        var expired = 0
        var settled = 0
        var limits: OutboxLimits
        var nextWaiter = 0
        var emptyWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelledWaiters: Set<Int> = []
    }

    private let time: any TimeSource
    private let journal: Journal?
    private let state: Locked<State>
    // Apart from the lock, because it is asked for each job.
    private let congested: Atomic<Bool>

    public convenience init(time: any TimeSource, limits: OutboxLimits = OutboxLimits()) {
        self.init(time: time, limits: limits, journal: nil)
    }

    /// - Parameter journal: what it holds of former processes is taken over.
    init(time: any TimeSource, limits: OutboxLimits, journal: Journal?, store: any OutboxStore = MemoryOutboxStore()) {
        self.time = time
        self.journal = journal
        var state = State(store: store, limits: limits)
        if let journal { state.takeOver(journal.replay, at: time.now, wall: time.wallTime) }
        congested = Atomic(state.store.bytes >= limits.bytes)
        self.state = Locked(state)
    }

    /// What the journal's thread needs of the outbox.
    var journalClient: Journal.Client {
        .init(
            unsettled: { [weak self] sequences in self?.state.withLock { $0.entries(sequences) } ?? [] },
            wake: { [weak self] in self?.state.withLock { $0.wake }?() })
    }

    /// Lets the journal's thread begin, if there is a journal; before the first answer.
    /// - Throws: one sentence when the kernel gives no thread.
    func start() throws(ConfigurationError) {
        do throws(Errno) { try journal?.start(journalClient) } catch {
            throw ConfigurationError("Results cannot be kept on the disk: no thread could be started: \(error).")
        }
    }

    public var unsettled: Int { state.withLock { $0.store.count } }
    public var hasUnsettled: Bool { unsettled > 0 }

    public var counts: OutboxCounts {
        let now = time.now
        let (counts, age) = state.withLock { state in
            let oldest = state.store.first(after: 0)
            return (
                (
                    unsettled: state.store.count, bytes: state.store.bytes, expired: state.expired,
                    settled: state.settled
                ),
                oldest.map { state.ages.age(of: $0.sequence, at: now) }
            )
        }
        return OutboxCounts(
            unsettled: counts.unsettled, unsettledBytes: counts.bytes, oldestAge: age, expired: counts.expired,
            settled: counts.settled, replayed: journal?.replay.entries.count ?? 0,
            damaged: journal?.replay.damaged ?? 0,
            tornBytes: journal?.replay.tornBytes ?? 0, notOnDisk: journal?.notOnDisk ?? counts.unsettled)
    }

    /// Other limits from now on; what is held beyond them stays until it is settled or too old.
    public var limits: OutboxLimits {
        get { state.withLock { $0.limits } }
        set { change { $0.limits = newValue } }
    }

    public var isOnDisk: Bool { journal != nil }

    /// Drops what has become too old, and waits no longer for a disk that hangs. To be called now and then.
    /// - Returns: how many answers were dropped, and whether the disk has begun to hang.
    public func tick() -> (expired: Int, diskHangs: Bool) {
        let now = time.now
        let expired = change { state in
            guard let last = state.ages.expired(at: now, limit: state.limits.age, next: state.nextSequence) else {
                return 0
            }
            var dropped = 0
            while let entry = state.store.first(after: 0), entry.sequence <= last {
                state.remove(entry.sequence, journal)
                dropped += 1
            }
            state.expired += dropped
            return dropped
        }
        let hangs = journal?.giveUpWaiting() ?? false
        if hangs { state.withLock { $0.wake }?() }
        return (expired, hangs)
    }

    /// What is left is on the disk when this returns, as far as there is one. Nothing may be appended any more.
    public func finish() async { await journal?.finish() }

    /// A change of what is held; the congestion follows it.
    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        state.withLock { state in
            defer { congested.store(state.store.bytes >= state.limits.bytes, ordering: .relaxed) }
            return body(&state)
        }
    }

    // MARK: The session's side

    /// A connection begins: everything unsettled goes first again, oldest first. `wake` is called, from any thread, when
    /// there may be something to pull.
    public func open(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.cursor = 0
            (state.again, state.againInOrder) = ([], [])
            state.wake = wake
        }
        wake()
    }

    public func close() { state.withLock { $0.wake = nil } }

    /// The next entries for this connection: at most `bytes` in all, but at least one where there is any.
    public func pull(atMost bytes: Int) -> [OutboundEntry] {
        let limit = journal?.writtenThrough ?? .max
        return state.withLock { state in
            var batch: [OutboundEntry] = []
            var size = 0
            while let entry = state.next(through: limit), batch.isEmpty || size + entry.bytes.count <= bytes {
                batch.append(entry)
                size += entry.bytes.count
                if state.again.remove(entry.sequence) == nil { state.cursor = entry.sequence }
            }
            return batch
        }
    }

    public func settle(requestID: String) {
        let now = time.now
        change { state in
            if let sequence = state.sequences[requestID] { state.settle(sequence, at: now, journal) }
        }
    }

    public func settle(through sequence: UInt64) {
        let now = time.now
        change { state in
            while let entry = state.store.first(after: 0), entry.sequence <= sequence {
                state.settle(entry.sequence, at: now, journal)
            }
        }
    }

    /// After a close 1009: the largest entry is cut to 64 KiB, and if that was done before, replaced by
    /// `result_too_large`. So no frame goes out a third time unchanged.
    public func shrinkLargestUnsettled() {
        let wall = time.wallTime
        change { state in
            var largest: OutboundEntry?
            var last: UInt64 = 0
            while let entry = state.store.first(after: last) {
                last = entry.sequence
                if entry.bytes.count > largest?.bytes.count ?? 0 { largest = entry }
            }
            guard let largest else { return }
            let isFirstTime = state.shrunk.insert(largest.sequence).inserted
            let limit = isFirstTime ? Self.shrunkSize : 0
            var smaller = largest
            smaller.bytes = ResultShrinker.shrink(largest.bytes, requestID: largest.requestID, to: limit)
            state.store.replace(smaller.sequence, bytes: smaller.bytes)
            journal?.append(.answer(smaller, at: wall))
        }
    }
}

extension Outbox: ResultSink {
    public func append(requestID: String, _ bytes: [UInt8]) {
        let wake = change { $0.append(requestID, bytes, time, journal) }
        wake?()
    }

    public func repeatAnswer(requestID: String) -> Bool {
        let now = time.now
        let (found, wake) = change { state -> (Bool, (@Sendable () -> Void)?) in
            if let sequence = state.sequences[requestID] {
                // Not settled. If it went out on this connection already, it goes again; else it is on its way.
                guard sequence <= state.cursor, state.again.insert(sequence).inserted else { return (true, nil) }
                state.againInOrder.append(sequence)
                return (true, state.wake)
            }
            guard let bytes = state.kept.find(requestID, at: now) else { return (false, nil) }
            return (true, state.append(requestID, bytes, time, journal))
        }
        wake?()
        return found
    }

    /// Unsettled bytes have reached their limit: results are never dropped, so their source must stop.
    public var isCongested: Bool { congested.load(ordering: .relaxed) }

    /// So much that refusals may not be added either. Results still are: they are of a bounded number of jobs.
    public var isFull: Bool { isCongested && state.withLock { $0.store.bytes >= $0.limits.refusalBytes } }
}

extension Outbox.State {
    /// - Returns: whom to wake now. With a journal it is woken once the answer is written.
    fileprivate mutating func append(
        _ requestID: String, _ bytes: [UInt8], _ time: any TimeSource, _ journal: Journal?
    ) -> (@Sendable () -> Void)? {
        let entry = OutboundEntry(sequence: nextSequence, requestID: requestID, bytes: bytes)
        store.append(entry)
        sequences[requestID] = nextSequence
        nextSequence += 1
        guard let journal else { return wake }
        journal.append(.answer(entry, at: time.wallTime))
        return nil
    }

    fileprivate func entries(_ sequences: Set<UInt64>?) -> [OutboundEntry] {
        if let sequences { return sequences.sorted().compactMap { store.find($0) } }
        var entries: [OutboundEntry] = []
        while let entry = store.first(after: entries.last?.sequence ?? 0) { entries.append(entry) }
        return entries
    }

    /// The entry that goes out next: first what is asked for once more.
    fileprivate mutating func next(through limit: UInt64) -> OutboundEntry? {
        while let sequence = againInOrder.first {
            if again.contains(sequence), let entry = store.find(sequence) { return entry }
            againInOrder.removeFirst()
        }
        guard let entry = store.first(after: cursor), entry.sequence <= limit else { return nil }
        return entry
    }

    fileprivate mutating func settle(_ sequence: UInt64, at now: Instant, _ journal: Journal?) {
        guard let entry = remove(sequence, journal) else { return }
        settled += 1
        kept.keep(entry.requestID, entry.bytes, at: now)
    }

    @discardableResult
    fileprivate mutating func remove(_ sequence: UInt64, _ journal: Journal?) -> OutboundEntry? {
        guard let entry = store.remove(sequence) else { return nil }
        journal?.append(.settled(sequence))
        if sequences[entry.requestID] == sequence { sequences[entry.requestID] = nil }
        if !shrunk.isEmpty { shrunk.remove(sequence) }
        if !again.isEmpty { again.remove(sequence) }
        if store.count == 0 {
            for waiter in emptyWaiters.values { waiter.resume() }
            emptyWaiters = [:]
        }
        return entry
    }

    fileprivate mutating func takeOver(_ replay: SegmentLog.Replay, at now: Instant, wall: WallTime) {
        for (entry, written) in replay.entries {
            store.append(entry)
            sequences[entry.requestID] = entry.sequence
            // A clock that was set back in between makes nothing older.
            let age = Duration.nanoseconds(max(0, wall.nanoseconds - written.nanoseconds))
            ages.note(next: entry.sequence + 1, at: now + (.zero - age))
        }
        nextSequence = replay.lastSequence + 1
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
