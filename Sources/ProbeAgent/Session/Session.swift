import Logging
import NIOCore
import NIOPosix
import ProbeNative
import ProbeProtocol

/// The node's one connection to its backend: connects, authenticates, runs, and when it ends waits and connects again.
public final class Session: Sendable {
    private struct Live {
        var channel: any Channel
        var handler: NIOLoopBound<SessionHandler>
    }
    private struct State {
        var isStopping = false
        /// From here on what is left is to be settled soon.
        var isFlushing = false
        var live: Live?
        /// Ends the waiting that `run` is in: the pause between attempts, or an attempt that hangs.
        var interrupt: (@Sendable () -> Void)?
        var serverAcknowledges = false
        var lastReason: String?
        /// The key that was read last.
        var key: Secret?
        var repeats = LogLimit(every: Session.repeatInterval)
        /// What a reload may change.
        var renewable: Renewable
    }

    /// What the next connection's authentication takes from the configuration.
    public struct Renewable: Sendable {
        public var apiKey: Secret
        public var apiKeyFile: String?
        public var maxConcurrent: Int

        public init(apiKey: Secret, apiKeyFile: String?, maxConcurrent: Int) {
            self.apiKey = apiKey
            self.apiKeyFile = apiKeyFile
            self.maxConcurrent = maxConcurrent
        }
    }

    /// How often the log says that the same failure goes on.
    private static let repeatInterval = Duration.seconds(600)

    public let record: SessionRecord

    private let configuration: SessionConfiguration
    private let connector: WebSocketConnector
    private let ports: SessionHandler.Ports
    private let time: any TimeSource
    private let logger: Logger
    private let state: Locked<State>

    /// - Throws: `InvalidInput` when the CA file or the client certificate cannot be used.
    public init(
        _ configuration: SessionConfiguration, sink: any SessionSink, results: any ResultSource,
        heartbeats: any HeartbeatSource, time: any TimeSource, events: NodeEvents = NodeEvents(), logger: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(InvalidInput) {
        self.configuration = configuration
        state = Locked(
            State(
                renewable: Renewable(
                    apiKey: configuration.apiKey, apiKeyFile: configuration.apiKeyFile,
                    maxConcurrent: configuration.maxConcurrent)))
        record = SessionRecord(events)
        ports = .init(sink: sink, results: results, heartbeats: heartbeats, record: record)
        self.time = time
        self.logger = logger
        connector = WebSocketConnector(
            try BackendDialer(
                configuration.backend, caFile: configuration.caFile, access: configuration.access, time: time,
                // One loop for all its connections: jobs never run on it.
                group: group.next()))
    }

    /// Runs until `stop`.
    public func run() async {
        var reconnection = Reconnection(configuration.reconnect)
        while !state.withLock({ $0.isStopping }) {
            let ending = await connectOnce()
            let last = state.withLock { state in
                defer { state.live = nil }
                state.serverAcknowledges = state.serverAcknowledges || ending.serverAcknowledges
                return state.live
            }
            if state.withLock({ $0.isStopping }) {
                // The process ends after this, and the kernel resets a connection that has unread bytes: the close
                // frame would be lost with it.
                try? await last?.channel.closeFuture.get()
                record.ended(ending, time, retry: nil)
                break
            }
            if let hints = ending.hints { reconnection.heed(hints) }
            let delay = reconnection.delay(
                after: ending.end, authenticatedFor: ending.authenticatedFor, unit: .random(in: -1...1))
            record.ended(ending, time, retry: delay)
            log(ending, delay)
            await pause(delay)
        }
    }

    /// Waits until every result is settled (over a new connection if need be) or `deadline` has come, then closes with
    /// 1000 and ends `run`. Nothing must come into the outbox any more.
    public func stop(flushUntil deadline: Instant) async {
        let connected = state.withLock { state in
            state.isFlushing = true
            return state.live
        }
        if let connected { connected.channel.eventLoop.execute { connected.handler.value.hasten() } }
        if ports.results.hasUnsettled {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.ports.results.emptied() }
                group.addTask { try? await self.time.sleep(until: deadline) }
                await group.next()
                group.cancelAll()
            }
        }
        let (live, interrupt) = state.withLock { state in
            state.isStopping = true
            return (state.live, state.interrupt)
        }
        guard let live else {
            interrupt?()
            return
        }
        live.channel.eventLoop.execute {
            // A connection that had ended already: `run` waits for the next attempt, or is in it.
            if !live.handler.value.stop() { interrupt?() }
        }
    }

    /// What a partial result may be at most: an answer's limit would be too much for something that may be lost.
    private static let longestProgress = 64 << 10

    /// Sends a frame that may be lost: dropped when there is no connection or it is slow.
    public func sendProgress(_ frame: ProgressFrame) {
        guard let live = state.withLock({ $0.live }), live.channel.isWritable,
            let bytes = frame.encoded(limit: Self.longestProgress)
        else { return }
        live.channel.eventLoop.execute { live.handler.value.sendProgress(bytes) }
    }

    /// A heartbeat out of turn: something has changed that the backend should know now.
    public func beat() {
        guard let live = state.withLock({ $0.live }) else { return }
        live.channel.eventLoop.execute { live.handler.value.beat() }
    }

    /// For the next connection.
    public func renew(_ renewable: Renewable) {
        state.withLock { state in
            state.renewable = renewable
            state.key = nil
        }
    }

    // MARK: -

    private func connectOnce() async -> SessionHandler.Ending {
        let (endings, ended) = AsyncStream<SessionHandler.Ending>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let authentication = AuthenticationFrame(
            nodeUUID: configuration.nodeUUID, apiKey: currentKey().revealed, version: configuration.version,
            hostname: configuration.hostname, tools: configuration.tools,
            maxConcurrent: state.withLock(\.renewable).maxConcurrent
        ).encoded()
        let acknowledges = state.withLock { $0.serverAcknowledges }
        record.attempting()
        logger.debug("session.connecting", metadata: ["url": "\(configuration.backend)"])
        // In a task of its own: NIO's connect cannot be cancelled, and a stopping node must not wait for it.
        Task {
            do throws(AttemptFailure) {
                try await open { [configuration, ports, time, logger] in
                    SessionHandler(
                        authentication: authentication, heartbeat: configuration.heartbeat,
                        serverAcknowledges: acknowledges, ports: ports, time: time, logger: logger
                    ) { ended.yield($0) }
                }
            } catch {
                ended.yield(Self.failure(error.reason, error.end, error.code))
            }
        }
        // Without the session, which keeps this.
        interruptible { ended.yield(Self.failure("The node stops.")) }
        for await ending in endings { return ending }
        return Self.failure("The node stops.")
    }

    /// The key as its file has it now, so that a renewed one needs no restart. While the file cannot be used the last
    /// key stands.
    private func currentKey() -> Secret {
        let renewable = state.withLock(\.renewable)
        guard let path = renewable.apiKeyFile else { return renewable.apiKey }
        do throws(ConfigurationError) {
            let key = try KeyFile(path: path).key
            state.withLock { $0.key = key }
            return key
        } catch {
            logger.warning("session.key_not_read", metadata: ["reason": "\(error)"])
            return state.withLock(\.key) ?? renewable.apiKey
        }
    }

    private func open(_ handler: @escaping @Sendable () -> SessionHandler) async throws(AttemptFailure) {
        let channel = try await connector.connect(handler)
        // NIO's upgrade handler refuses writes until the upgrade is done, as it now is.
        let begun = try? await channel.eventLoop.submit { [self] in
            let handler = try channel.pipeline.syncOperations.handler(type: SessionHandler.self)
            let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            // Before the node speaks: the answer makes it connected, and whoever hears of that may send at once.
            state.withLock { $0.live = Live(channel: channel, handler: bound) }
            handler.begin()
            return bound
        }.get()
        guard let handler = begun else {
            throw AttemptFailure(reason: "\(configuration.backend.authority) closed the connection at once.")
        }
        let (isFlushing, isStopping) = state.withLock { ($0.isFlushing, $0.isStopping) }
        guard isFlushing || isStopping else { return }
        channel.eventLoop.execute {
            if isStopping { _ = handler.value.stop() } else { handler.value.hasten() }
        }
    }

    /// Lets `stop` call `interrupt`; at once if it was there already.
    private func interruptible(_ interrupt: @escaping @Sendable () -> Void) {
        let isStopping = state.withLock { state in
            state.interrupt = interrupt
            return state.isStopping
        }
        if isStopping { interrupt() }
    }

    private static func failure(
        _ reason: String, _ end: ConnectionEnd = .failed, _ code: ErrorCode? = nil
    ) -> SessionHandler.Ending {
        .init(end: end, reason: reason, code: code, authenticatedFor: nil, serverAcknowledges: false, hints: nil)
    }

    private func pause(_ delay: Duration) async {
        let task = Task { _ = try? await time.sleep(for: delay) }
        interruptible { task.cancel() }
        await task.value
    }

    /// A new reason is a warning; the same one again and again is one now and then, with how many there were.
    private func log(_ ending: SessionHandler.Ending, _ delay: Duration) {
        let suppressed = state.withLock { state -> Int? in
            defer { state.lastReason = ending.authenticatedFor == nil ? ending.reason : nil }
            if state.lastReason != ending.reason { state.repeats = LogLimit(every: Self.repeatInterval) }
            return state.repeats.admit(at: time.now)
        }
        var metadata: Logger.Metadata = [
            "reason": "\(ending.reason)", "reconnect_in_ms": "\(Int(delay.inMilliseconds))",
        ]
        if let code = ending.code { metadata["error_code"] = "\(code.rawValue)" }
        if let suppressed, suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.log(level: suppressed == nil ? .debug : .warning, "session.ended", metadata: metadata)
    }
}
