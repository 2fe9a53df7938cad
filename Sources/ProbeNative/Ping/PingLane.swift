import Synchronization

/// The threads that wait in liboping's blocking calls, bounded in number. Made at start-up, while raw sockets may still
/// be opened and their descriptors are below FD_SETSIZE; the threads come later, when there is work for them.
public final class PingLane: Sendable {
    private struct Worker {
        let worker: PingWorker
        var thread: UInt?
        /// When the call that it is in should be over, at the latest.
        var due: Instant?
    }
    private struct State {
        var queue = EchoQueue()
        var workers: [Worker] = []
        /// Workers that have no thread yet.
        var unstarted: [Int] = []
        /// Waiting for work, and told that there is some but not there yet.
        var idle = 0
        var waking = 0
        var stopped = false
    }

    /// A quiet node's pings: so many may be under way on the lane for a further one that has the choice to join them.
    /// Each costs some twenty system calls and two changes of threads, where a reactor's own sockets cost three calls.
    private static let quiet = 4
    /// How long a node that was seen busy counts as busy.
    private static let busyTime = Duration.seconds(1)

    /// In nanoseconds of the monotonic clock.
    private let busyUntil = Atomic<Int64>(.min)
    private let state: Locked<State>
    private let wakeUps: Semaphore?
    /// Why a family cannot be pinged; none for one that can.
    private let failures: [IPAddress.Family: ProbeFailure]

    /// Why no ping is possible at all, with how to change that; nil when it is.
    public let unavailable: ProbeFailure?

    /// Enough to keep a thousand silent hosts a second waiting in batches of 64; more only cost, since each raw socket
    /// looks at each ICMP packet of the host.
    public static var defaultWorkers: Int { min(16, 8 * Syscalls.processorCount) }

    /// Opens `workers` liboping objects a family and warms them on the loopback addresses; CAP_NET_RAW is raised
    /// meanwhile where the process may. Blocks for some milliseconds: to be called before other threads exist. Never
    /// fails: a lane that could not open its sockets says why.
    public static func open(workers count: Int = defaultWorkers) -> PingLane {
        open(workers: count, idents: .shared)
    }

    static func open(workers count: Int, idents: IdentRegister) -> PingLane {
        Capability.netRaw.whileRaised {
            var failures: [IPAddress.Family: ProbeFailure] = [:]
            var workers: [PingWorker] = []
            for _ in 0..<max(1, count) {
                let v4 = socket(.v4, idents, &failures)
                let v6 = socket(.v6, idents, &failures)
                guard failures.count < IPAddress.Family.allCases.count else { break }
                workers.append(PingWorker(v4: v4, v6: v6))
            }
            return PingLane(workers, failures)
        }
    }

    /// For a table of tools that is only read.
    public static let notOpened = PingLane(
        unavailable: ProbeFailure(.request, .internalError, "The sockets for ping were not opened at start-up."))

    /// A lane without sockets, where the reason is known beforehand.
    public init(unavailable: ProbeFailure) {
        self.unavailable = unavailable
        failures = [:]
        state = Locked(State())
        wakeUps = nil
    }

    private init(_ workers: [PingWorker], _ failures: [IPAddress.Family: ProbeFailure]) {
        self.failures = failures
        var failure = workers.isEmpty ? failures[.v4] ?? failures[.v6] : nil
        do throws(Errno) {
            wakeUps = try Semaphore()
        } catch {
            wakeUps = nil
            failure = error.failure(.request, "preparing the ping lane")
        }
        unavailable = failure
        state = Locked(State(workers: workers.map { Worker(worker: $0) }, unstarted: Array(workers.indices.reversed())))
    }

    /// One that failed keeps failing: the later workers do not try again, so that either all have the family or none.
    private static func socket(
        _ family: IPAddress.Family, _ idents: IdentRegister, _ failures: inout [IPAddress.Family: ProbeFailure]
    ) -> PingWorker.Opened {
        if let failure = failures[family] { return .failure(failure) }
        do throws(ProbeFailure) {
            return .success(try EchoSocket(family, idents: idents))
        } catch {
            failures[family] = error
            return .failure(error)
        }
    }

    /// Why `family` cannot be pinged; nil when it can.
    public func failure(_ family: IPAddress.Family) -> ProbeFailure? { unavailable ?? failures[family] }

    /// Ends the threads after the calls that they are in; requests that are still queued are finished as cut.
    public func stop() {
        let (left, idle) = state.withLock { state in
            state.stopped = true
            return (state.queue.takeAll(), state.idle + state.waking)
        }
        for request in left { request.finish(EchoResult(outcome: .cut)) }
        for _ in 0..<idle { wakeUps?.signal() }
    }

    /// False for a ping that has the choice: there are many at once, or were a moment ago.
    var isQuiet: Bool {
        let now = SystemTime().now
        guard busyUntil.load(ordering: .relaxed) <= now.nanoseconds else { return false }
        let isQuiet = state.withLock { state in
            let working = state.workers.count - state.idle - state.unstarted.count
            return working < min(Self.quiet, state.workers.count) && state.queue.isEmpty
        }
        if !isQuiet { busyUntil.store((now + Self.busyTime).nanoseconds, ordering: .relaxed) }
        return isQuiet
    }

    // MARK: Requests

    /// Its `finish` is called once, on a thread of the lane, unless it is withdrawn before (`settle`).
    func submit(_ request: EchoRequest) {
        enum Action { case wait, wake, start(Int), refuse }
        let action = state.withLock { state -> Action in
            if state.stopped { return .refuse }
            state.queue.append(request)
            if state.idle > 0 {
                state.idle -= 1
                state.waking += 1
                return .wake
            }
            guard state.waking == 0, let worker = state.unstarted.popLast() else { return .wait }
            return .start(worker)
        }
        switch action {
        case .wait: break
        case .wake: wakeUps?.signal()
        case .start(let index): start(index)
        case .refuse: if request.settle() { request.finish(EchoResult(outcome: .cut)) }
        }
    }

    /// A wall clock set back makes a call wait for as long as it was set back (liboping waits for a time of day). Whoever
    /// misses an answer calls this: calls that are overdue are interrupted.
    func interruptOverdue(at now: Instant) {
        state.withLock { state in
            for worker in state.workers {
                if let due = worker.due, due < now, let thread = worker.thread { Syscalls.interrupt(thread) }
            }
        }
    }

    // MARK: Threads

    private func start(_ index: Int) {
        if ReactorThread.start(name: "ping-\(index)", { self.run(index) }) { return }
        // Without a single thread nobody would ever take the queue.
        let left = state.withLock { state -> [EchoRequest] in
            state.unstarted.append(index)
            return state.unstarted.count == state.workers.count ? state.queue.takeAll() : []
        }
        let failure = ProbeFailure(.request, .localResourceExhausted, "The kernel gives no thread for pinging.")
        for request in left { request.finish(EchoResult(outcome: .sendError(failure))) }
    }

    private func run(_ index: Int) {
        Syscalls.takeOnlyInterruption()
        let worker = state.withLock { state in
            state.workers[index].thread = Syscalls.currentThread
            return state.workers[index].worker
        }
        while let batch = nextBatch(index) {
            worker.work(batch)
        }
    }

    /// Blocks until there is work; nil when the lane was stopped.
    private func nextBatch(_ index: Int) -> [EchoRequest]? {
        while true {
            let (batch, isOver, helper) = state.withLock { state -> ([EchoRequest], Bool, Int?) in
                state.workers[index].due = nil
                if state.stopped {
                    state.workers[index].thread = nil
                    return ([], true, nil)
                }
                let now = SystemTime().now
                let batch = state.queue.takeBatch(workers: 1 + state.idle + state.waking, at: now)
                if let first = batch.first {
                    state.workers[index].due = now + first.echo.timeout + .milliseconds(100)
                } else {
                    state.idle += 1
                }
                // What this call leaves behind must not wait for it to end.
                let mustHelp = !batch.isEmpty && !state.queue.isEmpty && state.idle + state.waking == 0
                return (batch, false, mustHelp ? state.unstarted.popLast() : nil)
            }
            if let helper { start(helper) }
            if isOver { return nil }
            if !batch.isEmpty { return batch }
            wakeUps?.wait()
            state.withLock { $0.waking -= 1 }
        }
    }
}
