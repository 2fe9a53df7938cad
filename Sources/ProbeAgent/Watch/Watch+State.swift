import ProbeNative

/// What a watch did since it started.
public struct WatchCounts: Sendable, Hashable {
    public var started = 0
    /// Runs that were left out: the one before was not over, or the node was late.
    public var skipped = 0
}

extension Watch {
    /// Ends `once` before all are done: nothing new starts, and the outputs are finished with what has come.
    public func stopOnce() {
        let once = state.withLock { state in
            state.isStopped = true
            state.backlog = []
            return state.once.take()
        }
        once?.done.resume(returning: false)
    }
}

extension Watch.State {
    enum Offer {
        case start(ValidatedJob)
        case wait
        case full(ValidatedJob)
    }

    /// Asks for a slot for each check that is due, unless it is outside of its windows or its last run is not over.
    mutating func takeDue(at now: Instant, _ wall: WallTime) -> [Offer] {
        var offers: [Offer] = []
        for due in schedule.take(at: now) {
            guard let entry = watched[due.id], entry.check.timing.isOpen(at: wall) else { continue }
            let isOver = entry.active == nil
            let skipped = due.missed + (due.scheduled != nil && !isOver ? 1 : 0)
            counts.skipped += skipped
            watched[due.id]?.skipped += skipped
            if let scheduled = due.scheduled, isOver { offers.append(offer(due.id, scheduled: scheduled, at: now)) }
        }
        return offers
    }

    /// Asks for a slot. It may be waited for until the check is due again.
    mutating func offer(_ id: String, scheduled: Instant, at now: Instant) -> Offer {
        guard let check = watched[id]?.check else { return .wait }
        watched[id]?.active = .init(check: check, scheduled: scheduled)
        let job = ValidatedJob(
            requestID: id, probe: check.probe, priority: 0, receivedAt: now, deadline: scheduled + check.timing.every,
            wantsProgress: false, size: 0)
        return offer(job)
    }

    mutating func offer(_ job: ValidatedJob) -> Offer {
        switch queue.offer(job) {
        case .start(let job): .start(job)
        case .wait: .wait
        case .full: .full(job)
        }
    }

    /// - Returns: what the outputs are to be told; nothing of a check that is not watched any more.
    mutating func end(_ id: String, _ result: ProbeResult, started: Instant, wall: WallTime) -> [WatchEvent] {
        guard !isEnding, var entry = watched[id], let active = entry.active.take() else { return [] }
        let since = entry.state.since
        let hasChanged = entry.state.take(
            CheckResult.Verdict(result.outcome.failure), active.check.thresholds, at: result.finishedAt)
        let told = CheckResult(
            check: active.check, result: result, scheduled: active.scheduled, started: started, startedWall: wall,
            skipped: entry.skipped, state: entry.state)
        entry.skipped = 0
        watched[id] = entry
        guard hasChanged else { return [.result(told)] }
        return [.result(told), .change(CheckChange(check: active.check, previousSince: since, result: told))]
    }

    /// Counts a result of `once`; returns it when that was the last.
    mutating func countOnce(_ result: ProbeResult) -> (isGood: Bool, done: CheckedContinuation<Bool, Never>)? {
        guard var once = once.take() else { return nil }
        once.left -= 1
        once.isGood = once.isGood && result.outcome.failure == nil
        if once.left == 0 { return (once.isGood, once.done) }
        self.once = once
        return nil
    }
}
