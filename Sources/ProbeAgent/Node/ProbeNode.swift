import Logging
import NIOSSL
import ProbeNative
import ServiceLifecycle
import Synchronization

/// A whole node: the engine, the session to the backend, and what goes with them by the configuration (state directory, control
/// socket, metrics, audit log, the operator's own checks). `probe-agent run` is one; any program can have one, or several
/// with a state directory each.
///
///     let node = try ProbeNode(AgentConfiguration(backend: url, nodeUUID: id, apiKey: key), logger: logger)
///     try await node.run()
///
/// It takes no signals, changes no privileges and writes no log but through the logger. It ends with a graceful shutdown of
/// the service group that it runs in, with its task's cancellation, or by `stop`.
public final class ProbeNode: Service {
    /// The session and the jobs: status and drain.
    public let agent: Agent
    /// What Prometheus reads; a program may add its own samples to a page.
    public var metrics: NodeMetrics { agent.metrics }
    let events: NodeEvents
    private let engine: Engine
    private let ping: PingLane
    /// Held: the state directory's lock keeps other nodes away.
    private let resources: NodeResources
    private let logger: Logger
    private let textfile: MetricsTextfile?
    private let watching: (watch: Watch, engine: Engine)?
    private let group: ServiceGroup
    private let policy: Locked<(policy: TargetPolicy, rates: RateLimits)>
    private let background = Locked<Task<Void, any Error>?>(nil)
    private let hasBegun = Atomic(false)

    /// A node inside another program.
    /// - Parameters:
    ///   - configuration: with the node's identity, which `NodeRegistration` gets for a token. The limits, the policy and
    ///     the files are heeded; `logLevel`, `logFormat`, `user` and `isHardened` are a process's affair and are not.
    ///     Without a state directory there is no control socket unless it is named.
    ///   - tls: the program's own TLS settings for the backend; instead of the configuration's CA file, pins and client
    ///     certificate, and with all that is said there about verification.
    ///   - tools: adds to the built-in tools or replaces them (docs/adding-a-tool.md).
    /// - Throws: `ConfigurationError`, one sentence.
    public convenience init(
        _ configuration: AgentConfiguration, tls: TLSConfiguration? = nil,
        tools: (inout ToolRegistry) -> Void = { _ in }, logger: Logger
    ) throws(ConfigurationError) {
        var configuration = configuration
        guard !configuration.enrollment.isDue else {
            throw ConfigurationError("This node has no identity yet: get one by NodeRegistration and put it in.")
        }
        if configuration.controlSocket == .automatic, configuration.stateDirectory == nil {
            configuration.controlSocket = .none
        }
        configuration.user = nil
        let backend: BackendURL
        do throws(InvalidInput) {
            backend = try BackendURL(configuration.backend, allowsPlaintext: configuration.allowPlaintext)
        } catch { throw ConfigurationError(error.detail) }
        try configuration.chooseProxy(ProcessEnvironment.variables, for: backend)
        if let tls { configuration.access.tls = tls }
        let resources = try NodeResources(configuration, tools: tools)
        var prepared = Startup.openSockets(reactors: resources.reactors)
        tools(&prepared.registry)
        let problems = RecentProblems()
        let noting = Logger(label: logger.label) { _ in ProblemLogHandler(logger.handler, problems: problems) }
        var facts = NodeFacts()
        facts.warnings = resources.warnings + prepared.warnings
        for warning in facts.warnings { noting.warning("agent.warning", metadata: ["reason": "\(warning)"]) }
        try self.init(configuration, resources, prepared, facts: facts, problems: problems, logger: noting)
    }

    /// A node that is a process of its own.
    /// - Parameters:
    ///   - resources: the same configuration's.
    ///   - prepared: with sockets for `resources.reactors`, and the program's own tools in the registry.
    ///   - facts: what `status` says of the start, beside what the configuration says.
    ///   - problems: what has been logged lately.
    ///   - notifier: hears of the node's states.
    ///   - log: where `logger` writes, for its metrics.
    /// - Throws: `ConfigurationError`, one sentence.
    public init(
        _ configuration: AgentConfiguration, _ resources: NodeResources, _ prepared: Startup.Prepared,
        facts: NodeFacts, problems: RecentProblems, notifier: ServiceNotifier? = nil, log: LogOutput? = nil,
        logger: Logger
    ) throws(ConfigurationError) {
        var policy = configuration.policy
        policy.own = OwnAddresses()
        policy.limiter = RateLimiter(configuration.rates)
        self.policy = Locked((policy, configuration.rates))
        events = NodeEvents()
        (self.resources, self.logger, ping) = (resources, logger, prepared.ping)
        var registry = prepared.registry
        registry.redact(configuration.redactedHeaders)
        // What is taken away from jobs is not from the operator's own checks.
        let unchanged = registry
        if let tools = configuration.tools { registry.keep(only: tools) }
        let (jobSockets, checkSockets) = prepared.rawSockets.split(at: ReactorGroup.defaultCount)
        var engineConfiguration = EngineConfiguration()
        engineConfiguration.rawSockets = jobSockets
        engineConfiguration.policy = policy
        if resources.checks != nil { engineConfiguration.descriptors = NodeChecks.descriptors * 3 / 4 }
        do {
            engine = try Engine(engineConfiguration, registry: registry)
        } catch {
            throw ConfigurationError("The engine cannot be started: \(error).")
        }
        var started = [engine]
        do {
            agent = try Agent(
                configuration: configuration, engine: engine, state: resources.state, audit: resources.audit,
                facts: facts,
                problems: problems, notifier: notifier, log: log, events: events, logger: logger)
            let metrics = agent.metrics
            textfile = try configuration.metricsTextfile.map { path in
                try MetricsTextfile(path: path, logger: logger) { metrics.exposition }
            }
            resources.checks?.attach(to: agent, maxBytes: configuration.maxResultBytes)
            watching = try resources.checks?.start(
                unchanged, checkSockets, configuration, descriptors: NodeChecks.descriptors / 4,
                more: [ChangeLog(logger), WatchEvents(events: events)], logger)
            if let watching { started.append(watching.engine) }
        } catch {
            for engine in started { engine.stop() }
            throw error as? ConfigurationError ?? ConfigurationError((error as? InvalidInput)?.detail ?? "\(error)")
        }
        // The group ends them from the last to the first: the node can be asked until it has nothing more to tell. Signals
        // are the program's affair.
        let servers: [any Service] = [resources.control, resources.metrics?.server].compactMap(\.self)
        let services = servers + [agent] + (watching.map { [$0.watch] } ?? [])
        // Whichever fails, the others end in good order: cancelled, the agent would leave results behind.
        let configurations = services.map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup)
        }
        group = ServiceGroup(configuration: .init(services: configurations, logger: logger))
    }

    /// Runs the node until it ends; once.
    /// - Throws: `ConfigurationError` when the kernel gives no thread, an output of the checks cannot be opened, or it ran
    ///   before; and what a server's socket throws.
    public func run() async throws {
        guard !hasBegun.exchange(true, ordering: .relaxed) else {
            throw ConfigurationError("This node runs already, or did: a node runs once.")
        }
        defer { close() }
        answer()
        try resources.audit?.start()
        try textfile?.start()
        // Cancelled half way, results would be lost: to the node, cancellation is a wish to end.
        let running = Task { [group] in try await group.run() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await running.value
            } onGracefulShutdown: { [self] in
                requestStop()
            }
        } onCancel: {
            requestStop()
        }
    }

    /// From now on the node's sockets answer for it.
    private func answer() {
        let page = LocalRoute.metrics(metrics)
        resources.control?.routes = LocalRoute.control(agent) { [weak self] in self?.requestStop() } + [page]
        guard let (server, address) = resources.metrics else { return }
        server.routes = [page]
        address.note("metrics.listening", others: "other machines may read the metrics", in: logger)
    }

    /// Also of a node that never ran: the engines have threads, and somebody may listen.
    deinit {
        stopEngines()
        events.finish()
    }

    private func stopEngines() {
        watching?.engine.stop()
        engine.stop()
        ping.stop()
    }

    private func close() {
        textfile?.finish()
        stopEngines()
        events.tell(.stopped)
        events.finish()
        // A program may go on with a new node of the same folder.
        resources.state?.release()
    }

    /// Runs the node in the background, for a program without a service group; once.
    public func start() {
        background.withLock { background in
            background =
                background
                ?? Task {
                    do { try await run() } catch {
                        logger.critical("agent.failed", metadata: ["reason": "\(error)"])
                        throw error
                    }
                }
        }
    }

    /// Asks for the end, and returns when a node that `start` began has ended. No new job is taken, running diagnostics may
    /// finish for seven seconds, and the backend gets two for the results.
    /// - Throws: why it ended, if something went wrong.
    public func stop() async throws {
        agent.beginEnding()
        await group.triggerGracefulShutdown()
        try await background.withLock { $0 }?.value
    }

    /// Asks for the end; `run` returns when it has come.
    public func requestStop() {
        // At once, and not only when the watch, which ends first, is done with its outputs.
        agent.beginEnding()
        Task { [group] in await group.triggerGracefulShutdown() }
    }

    /// What happens from now on, in order for each job and for the connection. Any number may listen; none can hold the node
    /// up: when one is slow, as many events as `buffer` are kept for it, and the oldest go first.
    public func events(buffer: Int = 1024) -> AsyncStream<NodeEvent> { events.listen(buffer: buffer) }

    /// One moment of it, as `probe-agent status` shows it.
    public var status: NodeStatus { agent.status() }

    /// Takes over what may change while the node runs (docs/configuration.md, "reload"), without touching the connection or a
    /// job.
    public func reload(_ configuration: AgentConfiguration) {
        let policy = policy.withLock { current in
            var policy = configuration.policy
            policy.own = current.policy.own
            // A limiter knows who has used up what: it goes on unless its limits are others.
            policy.limiter =
                configuration.rates == current.rates ? current.policy.limiter : RateLimiter(configuration.rates)
            current = (policy, configuration.rates)
            return policy
        }
        agent.reload(configuration, policy: policy)
        watching?.engine.setPolicy(NodeChecks.policy(configuration))
    }

    /// Reads the file of checks again, if there is one.
    public func reloadChecks() { watching?.watch.reload() }
}
