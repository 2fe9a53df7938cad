/// Sends the probes that a plan asks for, through its flows, and tells the plan what became of each. Confined to its
/// reactor's thread.
final class PathTracer<Plan: TracePlan>: @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    private struct Name: Hashable {
        var flow: Int
        var name: UInt32
    }

    private struct Sent {
        var probe: TraceProbe
        var due: Instant
        var state = State.awaited
        var span: Span?
    }

    private enum State { case awaited, answered, late }

    private(set) var plan: Plan
    private(set) var quality = Quality()
    private let flows: [any TraceFlow]
    private let timeout: Duration
    private let context: ProbeContext
    private let dropsBefore: Int
    private let noticed: (Plan, TraceAnswer?) -> Void
    private var sent: [Name: Sent] = [:]
    /// In the order in which their time runs out.
    private var awaited: [Name] = []
    private var firstAwaited = 0
    private var waiter: WaitToken?
    /// By hop and flow.
    private var hops: [TraceProbe: Span] = [:]

    /// - Parameter noticed: called after the plan has learnt of a probe's fate, with its answer.
    init(
        _ plan: Plan, _ flows: [any TraceFlow], timeout: Duration, in context: ProbeContext,
        noticed: @escaping (Plan, TraceAnswer?) -> Void = { _, _ in }
    ) {
        self.plan = plan
        self.flows = flows
        self.timeout = timeout
        self.context = context
        self.noticed = noticed
        dropsBefore = flows.first?.drops ?? 0
        quality.clockStepped = false
    }

    /// Runs the plan to its end.
    /// - Throws: `cancelled`, and what keeps the node from sending.
    func run() async throws(ProbeFailure) {
        let failure = await withTaskGroup(of: Void.self) { group -> ProbeFailure? in
            for flow in flows.indices { group.addTask { await self.listen(flow) } }
            defer { group.cancelAll() }
            do throws(ProbeFailure) {
                try await work()
                return nil
            } catch { return error }
        }
        let drops = (flows.first?.drops ?? 0) - dropsBefore
        if drops > 0 { quality.receiveOverflow = drops }
        for hop in hops.values { hop.end() }
        if let failure { throw failure }
    }

    private func work() async throws(ProbeFailure) {
        while true {
            takeAnswers()
            expire()
            switch plan.next(at: context.now) {
            case .done: return
            case .send(let probe): try await send(probe)
            case .wait(let instant): try await wait(until: instant)
            }
        }
    }

    private func send(_ probe: TraceProbe) async throws(ProbeFailure) {
        if Task.isCancelled || context.now >= context.deadline { throw .cancelled(.response) }
        let (name, at) = try await flows[probe.flow].send(hop: probe.hop)
        let key = Name(flow: probe.flow, name: name)
        sent[key] = Sent(probe: probe, due: max(at, context.now) + timeout, span: begin(probe, at))
        awaited.append(key)
    }

    private func begin(_ probe: TraceProbe, _ at: Instant) -> Span? {
        guard let span = context.span else { return nil }
        let key = TraceProbe(hop: probe.hop, flow: probe.flow)
        let flow = flows.count > 1 ? " of flow \(probe.flow + 1)" : ""
        let hop = hops[key] ?? span.begin(.hop, "\(probe.hop)\(flow)", at: at)
        hops[key] = hop
        return hop?.begin(.probe, "\(probe.round + 1) of hop \(probe.hop)", at: at)
    }

    private func wait(until instant: Instant?) async throws(ProbeFailure) {
        let due = nextDue
        let end = min(due ?? .distantFuture, instant ?? .distantFuture)
        if await context.reactor.park(until: end, { waiter = $0 }) == .cancelled { throw .cancelled(.response) }
    }

    // MARK: Fates

    private func listen(_ flow: Int) async {
        while await flows[flow].wait() {
            takeAnswers()
            if let waiter = waiter.take() { context.reactor.wake(waiter) }
        }
    }

    private func takeAnswers() {
        for flow in flows.indices {
            while let (name, answer) = flows[flow].take() { take(Name(flow: flow, name: name), answer) }
        }
    }

    private func take(_ name: Name, _ answer: TraceAnswer) {
        guard let state = sent[name]?.state, let probe = sent[name]?.probe else { return }
        if answer.clockStepped { quality.clockStepped = true }
        switch state {
        case .awaited:
            // One that was read late but came in time is in time: the stamp decides, not this thread.
            sent[name]?.state = .answered
            if let span = sent[name]?.span {
                span.end("\(answer.from), \(answer.kind.rawValue)", at: context.now)
            }
            plan.answered(probe, answer)
            noticed(plan, answer)
        case .answered: quality.duplicates = (quality.duplicates ?? 0) + 1
        case .late:
            sent[name]?.state = .answered
            quality.lateReplies = (quality.lateReplies ?? 0) + 1
        }
    }

    /// The next instant at which a probe is given up.
    private var nextDue: Instant? {
        while firstAwaited < awaited.count {
            if let sent = sent[awaited[firstAwaited]], sent.state == .awaited { return sent.due }
            firstAwaited += 1
        }
        awaited.removeAll(keepingCapacity: true)
        firstAwaited = 0
        return nil
    }

    private func expire() {
        guard let due = nextDue, due <= context.now else { return }
        // What waits in a buffer has come in time.
        for flow in flows { flow.read() }
        takeAnswers()
        while let due = nextDue, due <= context.now {
            let name = awaited[firstAwaited]
            sent[name]?.state = .late
            guard let probe = sent[name]?.probe else { continue }
            sent[name]?.span?.end("no answer", isFailed: true)
            plan.silent(probe)
            noticed(plan, nil)
        }
    }
}
