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

    /// - Throws: `InvalidInput`, one sentence, when the backend's URL or the CA file cannot be used.
    public init(configuration: AgentConfiguration, engine: Engine, logger: Logger) throws(InvalidInput) {
        self.logger = logger
        time = engine.time
        let outbox = Outbox(time: engine.time)
        let relay = ProgressRelay()
        let dispatcher = Dispatcher(
            engine: engine, sink: outbox, slots: configuration.maxConcurrent, queueLimit: configuration.queueLimit,
            maxResultBytes: configuration.maxResultBytes, logger: logger
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
    }

    public func run() async throws {
        let stopping = Locked<Task<Void, Never>?>(nil)
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
        let left = outbox.unsettled
        if left > 0 {
            logger.warning(
                "agent.results_lost", metadata: ["count": "\(left)", "reason": "the backend did not take them"])
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
            heartbeat: configuration.heartbeat, reconnect: configuration.reconnect, caFile: configuration.caFile)
    }
}
