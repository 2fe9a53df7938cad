import ProbeNative

extension Watch {
    /// A measurement that somebody waits for.
    struct Visit {
        var deadline: Instant
        var done: CheckedContinuation<ProbeResult, Never>
        var running: RunningProbe?
    }

    /// Runs a probe that is no check of the file: by the checks' engine and policy, in one of their slots, for which it
    /// may wait half of its time. What comes of it is told to no output.
    func measure(_ probe: PreparedProbe, within limit: Duration) async -> ProbeResult {
        await withCheckedContinuation { continuation in
            let now = time.now
            let visit = Visit(deadline: now + limit, done: continuation)
            let job = ValidatedJob(
                requestID: "", probe: probe, priority: 0, receivedAt: now, deadline: now + limit / 2,
                wantsProgress: false, size: 0)
            switch state.withLock({ $0.isEnding ? nil : $0.offer(job, visit) }) {
            case .start(let job): start(job)
            case .wait: arm()
            case .full(let job): end(job, Self.full)
            case nil: continuation.resume(returning: ending)
            }
        }
    }

    /// No check's id begins so: it begins with a title or a tool's name.
    fileprivate static let visitPrefix = "\0"

    /// - Returns: false when `job` is a check's.
    func startVisit(_ job: ValidatedJob) -> Bool {
        guard job.requestID.hasPrefix(Self.visitPrefix) else { return false }
        guard let deadline = state.withLock({ $0.visits[job.requestID]?.deadline }) else {
            release(job)
            return true
        }
        let running = engine.start(
            job.probe, deadline: deadline, queued: time.now - job.receivedAt,
            permit: Permit { [weak self] in self?.release(job) }
        ) { [weak self] result in _ = self?.endVisit(job.requestID, result) }
        state.withLock { $0.visits[job.requestID]?.running = running }
        return true
    }

    /// - Returns: false when it is a check's.
    func endVisit(_ id: String, _ result: ProbeResult) -> Bool {
        guard id.hasPrefix(Self.visitPrefix) else { return false }
        state.withLock { $0.visits.removeValue(forKey: id) }?.done.resume(returning: result)
        return true
    }

    /// Stops what runs; its end is told to who waits for it.
    func endVisits() {
        let visits = state.withLock { state in
            defer { state.visits = state.visits.filter { $0.value.running != nil } }
            return state.visits.values
        }
        for visit in visits {
            if let running = visit.running { running.stop(.shutdown) } else { visit.done.resume(returning: ending) }
        }
    }

    private var ending: ProbeResult {
        ProbeResult(
            tool: "", target: "", outcome: ProbeOutcome(failure: ProbeFailure(.queue, .shuttingDown, "The node ends.")),
            finishedAt: time.wallTime)
    }
}

extension Watch.State {
    fileprivate mutating func offer(_ job: ValidatedJob, _ visit: Watch.Visit) -> Offer {
        visitCount += 1
        var job = job
        job.requestID = Watch.visitPrefix + "\(visitCount)"
        visits[job.requestID] = visit
        return offer(job)
    }
}
