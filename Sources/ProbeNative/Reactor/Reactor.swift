import CLinux
import DequeModule
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One thread with an epoll loop that is also a Swift executor: a tool's straight-line `async` code resumes on the
/// thread that its sockets' events arrive on, so nothing in a tool needs a lock. Calling an `async` function does not
/// suspend: what a tool has looked at is still so when it parks.
///
/// Start work on it by `spawn`. (`Task(executorPreference:)` underneath: an actor with only a custom SerialExecutor
/// bounces each continuation through the global pool, 22 us instead of 0.4.)
public final class Reactor: TaskExecutor, @unchecked Sendable {
    // @unchecked: all mutable state but `mailbox` (a mutex) and `thread` (an atomic) is touched on the reactor's own
    // thread only; every entry point asserts it.

    enum Timer {
        case wait(WaitToken)
        case call(() -> Void)
    }

    public struct TimerToken: Hashable {
        fileprivate var token: TimerHeap<Timer>.Token
    }

    private struct Mailbox {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var signalled = false
        var stopped = false
    }

    /// Its number in the group, from 0.
    public let index: Int
    public let time: any TimeSource

    private let thread = Atomic<UInt>(0)
    private let mailbox = Locked(Mailbox())
    private let epoll: FileDescriptor
    private let wakeUp: FileDescriptor
    private let alarm: FileDescriptor

    /// Counts the turns of the loop: what holds for a turn need be asked for once in it.
    public private(set) var turn: UInt64 = 0
    /// What was in the mailbox at this turn.
    private var taken = Mailbox()
    private var ready: Deque<UnownedJob> = []
    private var timers = TimerHeap<Timer>()
    private var waits = WaitTable()
    private var armedFor: Instant?
    private var delays = DelayLog()
    public let load = ReactorLoad()
    var registrations = RegistrationTable()
    private var locals: [ObjectIdentifier: AnyObject] = [:]

    /// Makes the reactor's descriptors; `start` gives it its thread.
    public init(index: Int = 0, time: any TimeSource = SystemTime()) throws(Errno) {
        self.index = index
        self.time = time
        epoll = try Syscalls.epoll()
        wakeUp = try Syscalls.eventFD()
        alarm = try Syscalls.timerFD()
        try Syscalls.epollControl(epoll.number, .add, wakeUp.number, PROBE_EPOLLIN, word: .max)
        try Syscalls.epollControl(epoll.number, .add, alarm.number, PROBE_EPOLLIN, word: .max - 1)
    }

    /// - Throws: EAGAIN when the kernel gives no thread.
    public func start() throws(Errno) {
        time.onAdvance { [weak self] in self?.submit {} }
        guard ReactorThread.start(name: "reactor-\(index)", { self.loop() }) else { throw .again }
    }

    /// Ends the loop after what is already queued. Tasks still parked on it never resume: end them first.
    public func stop() {
        mailbox.withLock { $0.stopped = true }
        submit {}
    }

    public var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnThread {
            ready.append(job)
        } else {
            post { $0.jobs.append(job) }
        }
    }

    /// Runs `body` as a task of this reactor.
    @discardableResult
    public func spawn(_ body: sending @escaping () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self, operation: body)
    }

    /// Runs `body` on the reactor's thread soon; callable from any thread.
    public func submit(_ body: @escaping @Sendable () -> Void) { post { $0.calls.append(body) } }

    private func post(_ add: (inout Mailbox) -> Void) {
        let mustSignal = mailbox.withLock { box in
            add(&box)
            defer { box.signalled = true }
            return !box.signalled
        }
        if mustSignal { Syscalls.signal(eventFD: wakeUp.number) }
    }

    // MARK: Time

    public var now: Instant { time.now }

    /// Calls `body` on this thread at `instant` or soon after.
    @discardableResult
    public func schedule(at instant: Instant, _ body: @escaping () -> Void) -> TimerToken {
        assert(isOnThread)
        return TimerToken(token: timers.insert(.call(body), due: instant))
    }

    public func cancel(_ timer: TimerToken) {
        assert(isOnThread)
        timers.remove(timer.token)
    }

    /// The longest that a ready event waited for this thread since `start`.
    public func worstDelay(since start: Instant) -> Duration {
        assert(isOnThread)
        return delays.worst(since: start)
    }

    // MARK: Waiting

    /// Suspends the calling task until `wake`, `deadline` or the task's cancellation, whichever comes first. `announce`
    /// is called with the token to wake it by, before it suspends. Every wait of every tool is this one.
    nonisolated(nonsending) public func park(until deadline: Instant? = nil, _ announce: (WaitToken) -> Void = { _ in })
        async -> WakeReason
    {
        assert(isOnThread, "a tool left its reactor: no unstructured Task in a tool")
        let token = waits.reserve()
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                guard waits.begin(token, continuation) else { return continuation.resume(returning: .cancelled) }
                if let deadline { waits.attach(timers.insert(.wait(token), due: deadline), to: token) }
                announce(token)
            }
        } onCancel: {
            if isOnThread { wake(token, .cancelled) } else { submit { self.wake(token, .cancelled) } }
        }
    }

    /// On the reactor's thread. A stale token is ignored.
    public func wake(_ token: WaitToken, _ reason: WakeReason = .ready) {
        assert(isOnThread)
        guard let (continuation, timer) = waits.end(token, reason) else { return }
        if let timer { timers.remove(timer) }
        continuation.resume(returning: reason)
    }

    // MARK: Reactor-local objects

    /// The one `Local` of this reactor, made at its first use: a resolver, a libcurl multi handle, a raw socket.
    public func local<Local: ReactorLocal>(_ type: Local.Type) -> Local {
        assert(isOnThread)
        // Its key is its type.
        if let made = locals[ObjectIdentifier(type)] { return unsafeDowncast(made, to: Local.self) }
        let made = Local(reactor: self)
        locals[ObjectIdentifier(type)] = made
        return made
    }

    /// Puts a configured object where `local` finds it.
    public func install<Local: ReactorLocal>(_ local: Local) {
        assert(isOnThread)
        locals[ObjectIdentifier(Local.self)] = local
    }

    // MARK: Events

    func control(_ operation: Syscalls.EpollOperation, _ fd: Int32, _ events: UInt32, word: UInt64) throws(Errno) {
        try Syscalls.epollControl(epoll.number, operation, fd, events, word: word)
    }

    // MARK: The loop

    private func loop() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 512)
        defer { events.deallocate() }
        let clock = SystemTime()
        var awake = clock.now
        while true {
            runMailbox()
            runTimers()
            runJobs()
            let done = clock.now
            load.ended(after: done - awake)
            if done - awake > DelayLog.threshold { delays.record(done - awake, at: time.now) }
            if taken.stopped, ready.isEmpty, mailbox.withLock({ $0.jobs.isEmpty && $0.calls.isEmpty }) { break }
            let count = Syscalls.epollWait(epoll.number, events, timeout: mustPoll() ? 0 : -1)
            awake = clock.now
            load.began(at: awake)
            turn &+= 1
            for index in 0..<count { handle(&events[index]) }
        }
        thread.store(0, ordering: .relaxed)
        locals.removeAll()
    }

    private func handle(_ event: inout epoll_event) {
        let word = probe_epoll_word(&event)
        switch word {
        case .max: Syscalls.drainCounter(wakeUp.number)
        case .max - 1:
            Syscalls.drainCounter(alarm.number)
            armedFor = nil
        default:
            // Taken out first: a handler that registers or cancels would otherwise copy the whole table.
            let handler = registrations.handler(word)
            handler?(PollEvents(rawValue: event.events))
        }
    }

    private func runMailbox() {
        // Exchanged for the last turn's, which is empty and keeps its memory.
        mailbox.withLock { box in
            swap(&box.jobs, &taken.jobs)
            swap(&box.calls, &taken.calls)
            box.signalled = false
            taken.stopped = box.stopped
        }
        for call in taken.calls { call() }
        ready.append(contentsOf: taken.jobs)
        taken.calls.removeAll(keepingCapacity: true)
        taken.jobs.removeAll(keepingCapacity: true)
    }

    private func runTimers() {
        guard timers.count > 0 else { return }
        let now = time.now
        while let timer = timers.popDue(at: now) {
            switch timer {
            case .wait(let token): wake(token, .timeout)
            case .call(let body): body()
            }
        }
    }

    private func runJobs() {
        // What is queued now and not what that queues, so that a task that keeps yielding cannot keep I/O waiting.
        for _ in 0..<min(1024, ready.count) {
            guard let job = ready.popFirst() else { return }
            // Not isolated to the reactor as a serial executor: each call of a nonisolated async function would then be
            // a switch of executors, that is a turn of this queue, in which events come between a look and a wait.
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// True when work is waiting; otherwise arms the alarm for the next timer. The alarm is moved only to an earlier
    /// time: one that fires early costs one loop, moving it for each deadline would cost a system call a job.
    private func mustPoll() -> Bool {
        if !ready.isEmpty { return true }
        guard let earliest = timers.earliest else { return false }
        if let armedFor, armedFor <= earliest { return false }
        guard let delay = time.realDelay(until: earliest) else { return time.now >= earliest }
        if delay == 0 { return true }
        guard (try? Syscalls.setTimer(alarm.number, SystemTime().now + .nanoseconds(delay))) != nil else { return true }
        armedFor = earliest
        return false
    }
}

/// An object that each reactor has one of, confined to its thread.
public protocol ReactorLocal: AnyObject {
    init(reactor: Reactor)
}
