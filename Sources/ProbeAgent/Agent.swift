import Logging
import ProbeNative
import ProbeProtocol
import ServiceLifecycle

/// A node: the session to the backend, and the road that jobs take through it.
///
/// Runs until the service group asks for a graceful shutdown (SIGTERM, SIGINT): then no new job is taken, queued ones are
/// answered `shutting_down`, running ones may finish for seven seconds, results are flushed, and the connection is closed
/// with 1000.
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

    /// - Parameters:
    ///   - state: where results are kept that the backend does not have; nil for in memory only.
    ///   - audit: gets a line for each job; the agent ends it after the last.
    ///   - log: where `logger` writes, for its metrics.
    /// - Throws: `InvalidInput`, one sentence, when the backend's URL, the CA file or the state directory cannot be used.
    public init(
        configuration: AgentConfiguration, engine: Engine, state: StateDirectory? = nil, audit: AuditLog? = nil,
        log: LogOutput? = nil, logger: Logger
    ) throws(InvalidInput) {
        self.logger = logger
        self.audit = audit
        time = engine.time
        let outbox = try Outbox(time: engine.time, limits: configuration.outbox, state: state, logger: logger)
        let relay = ProgressRelay()
        let dispatcher = Dispatcher(
            engine: engine, sink: outbox, slots: configuration.maxConcurrent, queueLimit: configuration.queueLimit,
            maxResultBytes: configuration.maxResultBytes, audit: audit, logger: logger
        ) { relay.send($0) }
        let host = SessionHost(
            uuid: configuration.nodeUUID, maxConcurrent: configuration.maxConcurrent, dispatcher: dispatcher,
            outbox: outbox, time: engine.time, logger: logger)
        session = try Session(
            try SessionConfiguration(configuration, tools: engine.registry.tools.map(\.name)), sink: host,
            results: outbox, heartbeats: host, time: engine.time, logger: logger)
        relay.attach(session)
        self.outbox = outbox
        self.dispatcher = dispatcher
        metrics = NodeMetrics(
            dispatcher: dispatcher, outbox: outbox, session: session.record, reactors: engine.reactors,
            time: engine.time, audit: audit, log: log, nodeUUID: configuration.nodeUUID)
    }

    public func run() async throws {
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
        await withGracefulShutdownHandler {
            await session.run()
        } onGracefulShutdown: { [self] in
            stopping.withLock { $0 = Task { await shutDown() } }
        }
        // It may still have something to say about results that were left.
        await stopping.withLock { $0 }?.value
    }

    private func shutDown() async {
        logger.info("agent.stopping", metadata: ["in_flight": "\(dispatcher.counts.inFlight)"])
        dispatcher.drain()
        let cut = Task { [time, dispatcher] in
            try await time.sleep(for: Self.finishing)
            dispatcher.stopRunning()
        }
        await dispatcher.idle()
        cut.cancel()
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
        do throws(Errno) { try journal.start(journalClient) } catch {
            throw InvalidInput("Results cannot be kept in \(path): no thread could be started: \(error).")
        }
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
