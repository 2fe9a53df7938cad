import DequeModule

/// Where added tools run, off the reactors: a thread of its own for each that runs, in bounded number. So one that blocks,
/// computes or never ends holds up nobody else; it keeps its place, and when none is left further ones are refused.
public final class CustomLane: TaskExecutor, @unchecked Sendable {
    // @unchecked: all mutable state is in `state`, a mutex.

    public struct Counts: Sendable, Hashable {
        /// Places in all.
        public var places: Int
        /// Taken ones.
        public var running = 0
        /// Those of them whose job was answered without them: they had not ended when they were told to.
        public var overdue = 0
        /// Jobs that found no place, since the start.
        public var refused = 0
    }

    private struct State {
        var counts: Counts
        var jobs: Deque<UnownedJob> = []
        /// Threads that may end.
        var leaving = 0
        /// One signal for each job and each thread that may end. Made when the first tool comes.
        var wakeUps: Semaphore?
    }
    private enum Work {
        case job(UnownedJob)
        case end
    }

    private let state: Locked<State>

    public init(places: Int = 16) { state = Locked(State(counts: Counts(places: places))) }

    public var counts: Counts { state.withLock { $0.counts } }

    /// Takes a place, with its thread, until `leave`.
    /// - Throws: `queue_full` when none is left; `local_resource_exhausted` when the system gives no thread.
    func enter() throws(ProbeFailure) {
        let wakeUps = try state.withLock { state throws(ProbeFailure) in
            guard state.counts.running < state.counts.places else {
                state.counts.refused += 1
                throw ProbeFailure(
                    .queue, .queueFull,
                    "All \(state.counts.places) places for added tools are taken (\(state.counts.overdue) by runs that do not end)."
                )
            }
            let wakeUps: Semaphore
            if let made = state.wakeUps {
                wakeUps = made
            } else {
                do throws(Errno) { wakeUps = try Semaphore() } catch { throw Self.exhausted("\(error)") }
                state.wakeUps = wakeUps
            }
            state.counts.running += 1
            return wakeUps
        }
        guard ReactorThread.start(name: "custom", { self.loop(wakeUps) }) else {
            state.withLock { $0.counts.running -= 1 }
            throw Self.exhausted("the system gives no thread")
        }
    }

    private static func exhausted(_ why: String) -> ProbeFailure {
        ProbeFailure(.queue, .localResourceExhausted, "The added tool cannot be started: \(why).")
    }

    /// The job of a run that goes on is answered without it.
    func abandon() { state.withLock { $0.counts.overdue += 1 } }

    /// A run has really ended.
    func leave(wasAbandoned: Bool) {
        let wakeUps = state.withLock { state in
            state.counts.running -= 1
            if wasAbandoned { state.counts.overdue -= 1 }
            state.leaving += 1
            return state.wakeUps
        }
        wakeUps?.signal()
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wakeUps = state.withLock { state in
            state.jobs.append(job)
            return state.wakeUps
        }
        wakeUps?.signal()
    }

    private func loop(_ wakeUps: Semaphore) {
        while true {
            wakeUps.wait()
            switch next() {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .end: return
            }
        }
    }

    /// Whatever this thread was woken for: jobs first, so that none is left when the last thread ends.
    private func next() -> Work {
        state.withLock { state in
            if let job = state.jobs.popFirst() { return .job(job) }
            state.leaving -= 1
            return .end
        }
    }
}
