import GRDB
import Logging
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps results in an SQLite file, a transaction a second, by a thread of its own.
///
/// While the file cannot be written, by a full disk or a lock of another program's, results wait, and as many as find
/// no room are dropped.
final class HistoryOutput: WatchOutput {
    /// Results that may wait: minutes of a busy watch, about 8 MB.
    static let mostWaiting = 50_000
    /// How long results are gathered, and until a failed transaction is tried again.
    private static let pause = Duration.seconds(1)
    /// How long the file is tried to be opened, and the microseconds between two attempts.
    private static let patience = Duration.seconds(4)
    private static let pauseToOpen: UInt32 = 100_000
    /// How long the end may take.
    private static let finishing = Duration.seconds(5)

    fileprivate struct State {
        var waiting: [HistoryRow] = []
        /// The names of a new list of checks.
        var watched: Set<String>?
        var dropped = 0
        /// The thread has been called for what is here.
        var isCalled = false
        var isEnding = false
        var ended: CheckedContinuation<Void, Never>?
        var hasEnded = false
        var time: (any TimeSource)?
    }

    let name: String
    private let path: String
    private let ages: HistoryAges
    private let state = Locked(State())
    private let bell: ProbeNative.Semaphore
    /// Signalled at the end: nothing is gathered any more.
    private let hurry: ProbeNative.Semaphore

    /// - Throws: EMFILE and the like.
    init(_ path: String, _ ages: HistoryAges) throws(Errno) {
        name = "sqlite \(path)"
        self.path = path
        self.ages = ages
        bell = try ProbeNative.Semaphore()
        hurry = try ProbeNative.Semaphore()
    }

    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let store = try open(logger)
        let time = watch.time
        state.withLock { $0.time = time }
        guard ReactorThread.start(name: "watch-history", { [self] in work(store, time, logger) }) else {
            throw ConfigurationError("\(name) needs a thread, and the kernel gives none.")
        }
    }

    /// A program that reads the file just then can be in the way for a moment: by a lock, or, when it is root's, by a
    /// file beside this one that it has not handed over to this one's owner yet.
    private func open(_ logger: Logger) throws(ConfigurationError) -> HistoryStore {
        let time = SystemTime()
        let end = time.now + Self.patience
        var hasSaid = false
        while true {
            do { return try HistoryStore(path) } catch {
                guard time.now < end, let code = (error as? DatabaseError)?.resultCode,
                    code == .SQLITE_BUSY || code == .SQLITE_CANTOPEN
                else { throw ConfigurationError("\(path) cannot be opened: \(Self.reason(error)).") }
                if !hasSaid {
                    logger.notice(
                        "watch.history_waits", metadata: ["file": "\(path)", "reason": "\(Self.reason(error))"])
                    hasSaid = true
                }
                usleep(Self.pauseToOpen)
            }
        }
    }

    func receive(_ event: WatchEvent) {
        let calls: Bool
        switch event {
        case .change: return
        case .checks(let checks):
            calls = state.withLock { state in
                state.watched = Set(checks.map(\.id))
                return state.call()
            }
        case .result(let result):
            let row = HistoryRow(result)
            calls = state.withLock { state in
                if state.waiting.count < Self.mostWaiting { state.waiting.append(row) } else { state.dropped += 1 }
                return state.call()
            }
        }
        if calls { bell.signal() }
    }

    var dropped: Int { state.withLock(\.dropped) }

    func finish() async {
        guard let time = state.withLock({ $0.time }) else { return }
        let cut = Task { [self] in
            try await time.sleep(for: Self.finishing)
            state.withLock { $0.ended.take() }?.resume()
        }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isEnding = true
                if !state.hasEnded { state.ended = continuation }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
            hurry.signal()
            bell.signal()
        }
        cut.cancel()
        state.withLock { state in
            state.dropped += state.waiting.count
            state.waiting = []
        }
    }

    // MARK: The thread

    private func work(_ store: HistoryStore, _ time: any TimeSource, _ logger: Logger) {
        var isFailing = false
        var isEnding = false
        while !isEnding {
            bell.wait()
            _ = hurry.wait(atMost: Self.pause)
            var (rows, watched) = state.withLock { state in
                isEnding = state.isEnding
                state.isCalled = false
                defer { (state.waiting, state.watched) = ([], nil) }
                return (state.waiting, state.watched)
            }
            var hasMore = true
            do {
                try store.write(rows)
                rows = []
                if let names = watched { try store.keepOutages(of: names) }
                watched = nil
                hasMore = try store.maintain(ages, at: time.wallTime)
                if isFailing { logger.notice("watch.history_recovered", metadata: ["dropped": "\(dropped)"]) }
                isFailing = false
            } catch {
                if !isFailing {
                    logger.error(
                        "watch.history_failed", metadata: ["file": "\(path)", "reason": "\(Self.reason(error))"])
                }
                isFailing = true
                putBack(rows, watched)
            }
            if hasMore, state.withLock({ $0.call() }) { bell.signal() }
        }
        store.close()
        let ended = state.withLock { state in
            state.hasEnded = true
            return state.ended.take()
        }
        ended?.resume()
    }

    /// The oldest are the first that find room.
    private func putBack(_ rows: [HistoryRow], _ watched: Set<String>?) {
        state.withLock { state in
            let waiting = rows + state.waiting
            state.waiting = Array(waiting.prefix(Self.mostWaiting))
            state.dropped += waiting.count - state.waiting.count
            state.watched = state.watched ?? watched
        }
    }

    /// SQLite's own words.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return error.message ?? "SQLite's error \(error.resultCode.rawValue)"
    }
}

extension HistoryOutput.State {
    /// - Returns: whether the thread has to be told.
    fileprivate mutating func call() -> Bool {
        defer { isCalled = true }
        return !isCalled
    }
}
