import Logging
import ProbeNative
import ProbeProtocol
import ServiceLifecycle

/// A node: the session to the backend, and the road that jobs take through it.
///
/// Runs until the service group asks for a graceful shutdown (SIGTERM, SIGINT): then no new job is taken, queued ones are
/// answered `shutting_down`, running ones may finish for seven seconds (or as long as `drain` said), results are flushed,
/// and the connection is closed with 1000.
public final class Agent: Service {
    /// How long running diagnostics may go on after a shutdown was asked for. Service managers usually kill after 10 s.
    static let finishing = Duration.seconds(7)
    /// How long the backend may take to acknowledge what is left.
    static let flushing = Duration.seconds(2)

    private let dispatcher: Dispatcher
    private let session: Session
    private let outbox: Outbox
    private let time: any TimeSource
    private let logger: Logger
    private let audit: AuditLog?
    /// What Prometheus reads.
    public let metrics: NodeMetrics
    private let engine: Engine
    private let host: SessionHost
    private let pulse: ReactorPulse
    private let notifier: ServiceNotifier?
    private let facts: NodeFacts
    private let problems: RecentProblems
    private let events: NodeEvents
    /// Until when running diagnostics may go on: set by whoever asks for the end first.
    private let ending = Locked(Ending())

    private struct Ending {
        var isDraining = false
        var hasBegun = false
        var patience = Agent.finishing
        /// They end what still runs when their time has come.
        var cuts: [Task<Void, any Error>] = []
    }

    /// - Parameters:
    ///   - state: where results are kept that the backend does not have; nil for in memory only.
    ///   - audit: gets a line for each job; the agent ends it after the last.
    ///   - facts: what `status` says of the start, beside what the configuration says.
    ///   - problems: what has been logged lately.
    ///   - notifier: hears of the node's states.
    ///   - log: where `logger` writes, for its metrics.
    ///   - events: hears of the connection and the jobs.
    /// - Throws: `InvalidInput`, one sentence, when the backend's URL, the CA file or the state directory cannot be used.
    public init(
        configuration: AgentConfiguration, engine: Engine, state: StateDirectory? = nil, audit: AuditLog? = nil,
        facts: NodeFacts = NodeFacts(), problems: RecentProblems = RecentProblems(), notifier: ServiceNotifier? = nil,
        log: LogOutput? = nil, events: NodeEvents = NodeEvents(), logger: Logger
    ) throws(InvalidInput) {
        self.logger = logger
        self.events = events
        self.audit = audit
        self.engine = engine
        self.notifier = notifier
        self.problems = problems
        var facts = facts
        (facts.nodeUUID, facts.hostname) = (configuration.nodeUUID, configuration.hostname)
        facts.backend = configuration.backend
        self.facts = facts
        pulse = ReactorPulse(engine.reactors.reactors, time: engine.time)
        time = engine.time
        let outbox = try Outbox(time: engine.time, limits: configuration.outbox, state: state, logger: logger)
        let relay = ProgressRelay()
        let dispatcher = Dispatcher(
            engine: engine, sink: outbox, slots: configuration.maxConcurrent, queueLimit: configuration.queueLimit,
            maxResultBytes: configuration.maxResultBytes, audit: audit, events: events, logger: logger
        ) { relay.send($0) }
        let host = SessionHost(
            uuid: configuration.nodeUUID, dispatcher: dispatcher, outbox: outbox, time: engine.time, logger: logger)
        session = try Session(
            try SessionConfiguration(configuration, tools: engine.registry.tools.map(\.name)), sink: host,
            results: outbox, heartbeats: host, time: engine.time, events: events, logger: logger)
        relay.attach(session)
        self.host = host
        self.outbox = outbox
        self.dispatcher = dispatcher
        metrics = NodeMetrics(
            dispatcher: dispatcher, outbox: outbox, session: session.record, reactors: engine.reactors,
            time: engine.time, audit: audit, log: log, nodeUUID: configuration.nodeUUID)
    }

    public func run() async throws {
        try outbox.start()
        let stopping = Locked<Task<Void, Never>?>(nil)
        let upkeep = Task { [time, outbox, logger] in
            var wasFull = false
            while true {
                try await time.sleep(for: .seconds(5))
                let (expired, diskHangs) = outbox.tick()
                if expired > 0 { logger.warning("outbox.expired", metadata: ["count": "\(expired)"]) }
                let isFull = outbox.isCongested
                if isFull != wasFull {
                    wasFull = isFull
                    let counts = outbox.counts
                    logger.log(
                        level: isFull ? .warning : .notice, isFull ? "outbox.full" : "outbox.relieved",
                        metadata: ["count": "\(counts.unsettled)", "bytes": "\(counts.unsettledBytes)"])
                }
                if diskHangs {
                    logger.error(
                        "outbox.disk_hangs",
                        metadata: ["reason": "it does not answer: results go out without being kept until it does"])
                }
            }
        }
        defer { upkeep.cancel() }
        let supervisor = Supervisor(pulse: pulse, notifier: notifier, time: time) { [self] in status().sentence }
        let supervision = Task { try await supervisor.run() }
        defer { supervision.cancel() }
        // Ready for the service manager: the engine runs, what a former process left is back in the outbox, and jobs can
        // come. Whether the backend is there is not the machine's affair: a boot must not wait for it.
        notifier?.ready()
        // Cancelled half way, results would be lost: cancellation is a wish to end.
        let running = Task { await session.run() }
        await withTaskCancellationOrGracefulShutdownHandler {
            await running.value
        } onCancelOrGracefulShutdown: { [self] in
            stopping.withLock { $0 = $0 ?? Task { await shutDown() } }
        }
        // It may still have something to say about results that were left.
        await stopping.withLock { $0 }?.value
    }

    /// Takes no more jobs, and says so; what runs may go on for as long as it was granted. `run` then ends with its group.
    func beginEnding() {
        let patience = ending.withLock { ending -> Duration? in
            defer { ending.hasBegun = true }
            return ending.hasBegun ? nil : ending.patience
        }
        guard let patience else { return }
        logger.info("agent.stopping", metadata: ["in_flight": "\(dispatcher.counts.inFlight)"])
        events.tell(.stopping)
        notifier?.stopping()
        dispatcher.drain()
        // The backend hears at once that it should send jobs elsewhere.
        session.beat()
        cut(after: patience)
    }

    private func shutDown() async {
        beginEnding()
        await dispatcher.idle()
        for cut in ending.withLock(\.cuts) { cut.cancel() }
        await session.stop(flushUntil: time.now + Self.flushing)
        await outbox.finish()
        if let audit {
            await audit.finish()
            if audit.lost > 0 { logger.warning("audit.lines_lost", metadata: ["count": "\(audit.lost)"]) }
        }
        let (left, lost) = (outbox.unsettled, outbox.counts.notOnDisk)
        if left > lost { logger.info("agent.results_kept", metadata: ["count": "\(left - lost)"]) }
        if lost > 0 {
            logger.warning(
                "agent.results_lost", metadata: ["count": "\(lost)", "reason": "the backend did not take them"])
        }
        logger.info("agent.stopped")
    }
}

extension Agent: ControlledNode {
    // MARK: For the operator

    public func status() -> NodeStatus {
        let counts = dispatcher.counts
        let connection = ConnectionStatus(record: session.record.current, now: time.now)
        let state: NodeStatus.State =
            if counts.isDraining {
                .draining
            } else if connection.record.connectedSince != nil {
                .connected
            } else {
                connection.record.attempts == 0 ? .starting : .connecting
            }
        return NodeStatus(
            facts: facts, time: time.wallTime, uptime: host.uptime, state: state, connection: connection, jobs: counts,
            outbox: .init(
                counts: outbox.counts, limits: outbox.limits, isOnDisk: outbox.isOnDisk),
            reactorLags: pulse.lags, process: .now(), problems: problems.all)
    }

    public func drain(within patience: Duration) -> Bool {
        ending.withLock { ending in
            guard !isEnding(ending) else { return false }
            ending.isDraining = true
            ending.patience = patience
            return true
        }
    }

    /// Results of the node's own checks go by its outbox too.
    func take(_ output: BackendOutput, maxBytes: Int) {
        output.attach(outbox, maxBytes: maxBytes) { [host] in host.takesCheckResults }
    }

    /// Somebody has asked for the end.
    public var isEnding: Bool { ending.withLock { isEnding($0) } }

    private func isEnding(_ ending: Ending) -> Bool { ending.isDraining || dispatcher.counts.isDraining }

    /// Somebody has asked a second time for the end: what runs may go on no longer than after a signal.
    public func hasten() { cut(after: Self.finishing) }

    private func cut(after limit: Duration) {
        let cut = Task { [time, dispatcher] in
            try await time.sleep(for: limit)
            dispatcher.stopRunning()
        }
        ending.withLock { $0.cuts.append(cut) }
    }

    /// Takes over what may change while the node runs (`Setting.isReloadable`), without touching the connection or a job.
    /// - Parameter policy: the configuration's, complete as the engine's was.
    public func reload(_ configuration: AgentConfiguration, policy: any AddressPolicy) {
        engine.setPolicy(policy)
        dispatcher.resize(slots: configuration.maxConcurrent, queueLimit: configuration.queueLimit)
        outbox.limits = configuration.outbox
        session.renew(
            .init(
                apiKey: configuration.apiKey, apiKeyFile: configuration.apiKeyFile,
                maxConcurrent: configuration.maxConcurrent))
        // Its limits are in it.
        session.beat()
    }
}

extension NodeStatus {
    /// For the service manager.
    fileprivate var sentence: String {
        switch state {
        case .starting, .registering: "Starting."
        case .connected: "Connected to \(facts.backend)."
        case .draining: "Ending, \(jobs.inFlight) jobs left."
        case .connecting:
            "Looking for \(facts.backend)." + (connection.record.lastFailure.map { " \($0.reason)" } ?? "")
        }
    }
}

extension SessionConfiguration {
    fileprivate init(_ configuration: AgentConfiguration, tools: [String]) throws(InvalidInput) {
        self.init(
            backend: try BackendURL(configuration.backend, allowsPlaintext: configuration.allowPlaintext),
            nodeUUID: configuration.nodeUUID, apiKey: configuration.apiKey, version: Version.current,
            hostname: configuration.hostname, tools: tools, maxConcurrent: configuration.maxConcurrent,
            heartbeat: configuration.heartbeat, reconnect: configuration.reconnect, caFile: configuration.caFile,
            apiKeyFile: configuration.apiKeyFile, access: configuration.access)
    }
}

extension Outbox {
    /// - Throws: one sentence, when what is in the state directory cannot be read.
    fileprivate convenience init(
        time: any TimeSource, limits: OutboxLimits, state: StateDirectory?, logger: Logger
    ) throws(InvalidInput) {
        guard let state else {
            self.init(time: time, limits: limits)
            return
        }
        let path = state.path + "/outbox"
        let journal: Journal
        do throws(Errno) {
            journal = try Journal(directory: path, wall: time, logger: logger)
        } catch {
            throw InvalidInput("The results kept in \(path) cannot be read: \(error).")
        }
        self.init(time: time, limits: limits, journal: journal)
        let replay = journal.replay
        if replay.damaged > 0 {
            logger.error("outbox.damaged", metadata: ["places": "\(replay.damaged)", "directory": "\(path)"])
        }
        if !replay.entries.isEmpty || replay.tornBytes > 0 {
            logger.notice(
                "outbox.replayed",
                metadata: ["count": "\(replay.entries.count)", "torn_bytes": "\(replay.tornBytes)"])
        }
    }
}
