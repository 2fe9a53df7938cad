import CLinux
import Logging
import ProbeNative
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps the outbox's unsettled answers in files, by a thread of its own: whoever tells it something never waits for a
/// disk.
///
/// The session gets an answer only once it was given to the kernel (write(2)): so what went out and was not acknowledged
/// outlives the process, `kill -9` included. At most `JournalWriter.syncDelay` later it outlives a power cut too.
final class Journal: Sendable {
    /// What the thread asks of the outbox.
    struct Client: Sendable {
        /// Those of the given sequences that are unsettled still, in order; with nil all that are.
        var unsettled: @Sendable (Set<UInt64>?) -> [OutboundEntry]
        /// There is something to send.
        var wake: @Sendable () -> Void
    }

    /// A write or fsync that takes longer is not waited for any more.
    static let patience = Duration.seconds(10)

    let replay: SegmentLog.Replay
    private let writer: Locked<JournalWriter>
    private let queue = Locked(JournalQueue())
    private let bell: FileDescriptor
    private let written: Atomic<UInt64>
    private let missing = Atomic<Int>(0)
    /// Since when the thread is at the disk, by the monotonic clock; 0 when it is not.
    private let busySince = Atomic<Int64>(0)
    private let isHanging = Atomic<Bool>(false)
    private let wall: any TimeSource
    private let time: any TimeSource
    private let logger: Logger

    /// Reads what `directory` holds of former processes; makes it if it is missing.
    /// - Parameters:
    ///   - wall: stamps the answers.
    ///   - time: paces the disk, which is real whatever clock the node is given.
    /// - Throws: what the kernel says when it cannot be read.
    init(
        directory: String, wall: any TimeSource, time: any TimeSource = SystemTime(), logger: Logger
    ) throws(Errno) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
        var replay = SegmentLog.Replay()
        writer = Locked(JournalWriter(try SegmentLog(SegmentFolder(path: directory), replay: &replay)))
        self.replay = replay
        written = Atomic(replay.lastSequence)
        self.wall = wall
        self.time = time
        self.logger = logger
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        bell = FileDescriptor(owning: descriptor)
    }

    /// Answers up to this one may go out.
    var writtenThrough: UInt64 {
        isHanging.load(ordering: .relaxed) ? .max : written.load(ordering: .acquiring)
    }

    /// Unsettled answers that would be lost with the process.
    var notOnDisk: Int { missing.load(ordering: .relaxed) }

    /// Bytes of records that wait for the thread.
    var queuedBytes: Int { queue.withLock(\.bytes) }

    /// A disk can hang without an error. To be called now and then: what waits for it too long may go out without it.
    /// - Returns: whether that has just become so.
    func giveUpWaiting() -> Bool {
        let since = busySince.load(ordering: .relaxed)
        guard since > 0, time.now - Instant(nanoseconds: since) >= Self.patience else { return false }
        return !isHanging.exchange(true, ordering: .relaxed)
    }

    /// Called under the outbox's lock, so that the order is the outbox's.
    func append(_ record: JournalRecord) {
        let isAsleep = queue.withLock { queue in
            queue.add(record)
            defer { queue.isAsleep = false }
            return queue.isAsleep
        }
        if isAsleep { ring() }
    }

    /// - Throws: EAGAIN when the kernel gives no thread.
    func start(_ client: Client) throws(Errno) {
        guard ReactorThread.start(name: "outbox-journal", { [self] in run(client) }) else { throw .again }
    }

    /// Returns once everything is on the disk itself, as far as it takes it. Nothing may be appended any more.
    func finish() async {
        await withCheckedContinuation { continuation in
            let hasEnded = queue.withLock { queue in
                queue.isEnding = true
                if !queue.hasEnded { queue.ended.append(continuation) }
                return queue.hasEnded
            }
            if hasEnded { continuation.resume() } else { ring() }
        }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = Glibc.write(bell.number, &one, 8)
    }

    // MARK: The thread

    private func run(_ client: Client) {
        while true {
            let work = next()
            let (records, isEnding) = (work.records, work.isEnding)
            busySince.store(time.now.nanoseconds, ordering: .relaxed)
            let change = writer.withLock { writer in
                defer { missing.store(writer.notOnDisk, ordering: .relaxed) }
                if work.hasOverflowed { writer.startOver(with: client.unsettled(nil)) }
                // At the end a failing disk gets one more attempt, due or not.
                return writer.write(
                    records, at: isEnding ? .distantFuture : time.now, wall: wall.wallTime,
                    unsettled: client.unsettled)
            }
            busySince.store(0, ordering: .relaxed)
            isHanging.store(false, ordering: .relaxed)
            if let change { report(change) }
            // Also what the disk did not take: an answer is worth more sent than held back.
            if let last = work.lastAnswer {
                // Not back: an answer that was made smaller is written again under its old number.
                if last > written.load(ordering: .relaxed) { written.store(last, ordering: .releasing) }
                client.wake()
            }
            if isEnding, work.isEmpty { break }
        }
        let failure = writer.withLock { writer -> Errno? in
            do throws(Errno) { try writer.finish() } catch { return error }
            return nil
        }
        if let failure { report(.failed(failure)) }
        let waiting = queue.withLock { queue in
            queue.hasEnded = true
            return queue.ended
        }
        for waiter in waiting { waiter.resume() }
    }

    /// Waits until there is something to write or the writer's own deadline has come.
    private func next() -> JournalQueue {
        while true {
            let work = queue.withLock { queue in
                defer { queue.takeOut() }
                queue.isAsleep = queue.isEmpty && !queue.isEnding
                return queue
            }
            if !work.isEmpty || work.isEnding { return work }
            let deadline = writer.withLock { $0.nextDeadline }
            let patience = deadline.map { max(0, ($0 - time.now).inMilliseconds.rounded(.up)) }
            var event = pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0)
            if poll(&event, 1, patience.map { Int32(clamping: Int64($0)) } ?? -1) > 0 {
                var count: UInt64 = 0
                _ = read(bell.number, &count, 8)
            } else if let deadline, time.now >= deadline {
                return work
            }
        }
    }

    private func report(_ change: JournalWriter.Change) {
        switch change {
        case .failed(let error):
            logger.error(
                "outbox.disk_failed",
                metadata: ["reason": "\(error): results are kept in memory only until the disk takes them again"])
        case .recovered: logger.notice("outbox.disk_recovered")
        }
    }
}
