import Logging
import ProbeAgent
import ProbeNative
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#endif

/// The node as a process: its start in the order that privileges demand, its log, its end by signal.
enum NodeProcess {
    /// - Parameter reload: puts the configuration together once more.
    /// - Returns: the exit code.
    static func run(
        _ loaded: LoadedConfiguration, environment: [String: String],
        reload: @escaping () throws(ConfigurationError) -> LoadedConfiguration
    ) throws -> Int32 {
        var configuration = loaded.configuration
        // Before privileges are given up.
        let state = try configuration.stateDirectory.map { try StateDirectory($0, for: configuration.user) }
        let audit = try configuration.auditLog.map(AuditLog.init)
        let checks = try configuration.watchFile.map { try NodeWatch($0) }
        var warnings = loaded.warnings
        let control = try configuration.listenForControl(environment: environment, warnings: &warnings)
        var notifier: ServiceNotifier?
        do throws(ConfigurationError) { notifier = try ServiceNotifier.find(in: environment) } catch {
            warnings.append(error.description)
        }
        var policy = configuration.policy
        policy.own = OwnAddresses()
        policy.limiter = RateLimiter(configuration.rates)
        let reactors = ReactorGroup.defaultCount
        let metricsListener = try configuration.metricsListen.map {
            try LocalListener($0, for: configuration.user)
        }
        let listeners = [control, metricsListener].compactMap(\.self)
        let paths = HardeningPaths(configuration, listeners: listeners).with(checks?.file.hardeningPaths)
        let prepared = try Startup.prepare(
            reactors: reactors + (checks == nil ? 0 : NodeWatch.reactors), user: configuration.user,
            hardening: configuration.isHardened ? paths : nil, listeners: listeners + (checks?.listeners ?? []))
        warnings += prepared.warnings
        let log = try LogOutput(
            descriptor: STDERR_FILENO, format: configuration.logFormat, level: configuration.logLevel)
        let problems = RecentProblems()
        LoggingSystem.bootstrap { _ in ProblemLogHandler(LineLogHandler(log), problems: problems) }
        try log.start()
        defer { log.finish() }
        let logger = Logger(label: "probe-agent")
        logger.info(
            "agent.starting",
            metadata: [
                "version": "\(Version.current)", "backend": "\(configuration.backend)",
                "node_uuid": "\(configuration.nodeUUID)",
            ])
        note(prepared.hardening, in: logger)
        for warning in warnings {
            logger.warning("agent.warning", metadata: ["reason": "\(warning)"])
        }
        let tools = prepared.registry.tools.map(\.name)
        var facts = NodeFacts()
        (facts.hardening, facts.warnings) = (prepared.hardening, warnings)
        let enrolling = EnrollingNode(configuration, facts: facts, problems: problems)
        let controlServer = control.map {
            LocalServer([$0], routes: LocalRoute.control(enrolling, requestStop: ProcessSignals.requestStop))
        }
        let code = try NodeEnrollment.complete(
            &configuration, state, tools: tools, node: enrolling, control: controlServer, notifier: notifier, logger)
        if let code { return code }
        var engineConfiguration = EngineConfiguration()
        let (jobSockets, checkSockets) = prepared.rawSockets.split(at: reactors)
        engineConfiguration.rawSockets = jobSockets
        engineConfiguration.policy = policy
        if checks != nil { engineConfiguration.descriptors = NodeWatch.descriptors * 3 / 4 }
        var registry = prepared.registry
        registry.redact(configuration.redactedHeaders)
        // What is taken away from jobs is not from the operator's own checks.
        let unchanged = registry
        if let tools = configuration.tools { registry.keep(only: tools) }
        let engine = try Engine(engineConfiguration, registry: registry)
        defer { engine.stop() }
        let agent: Agent
        do throws(InvalidInput) {
            agent = try Agent(
                configuration: configuration, engine: engine, state: state, audit: audit, facts: facts,
                problems: problems, notifier: notifier, log: log, logger: logger)
        } catch {
            throw ConfigurationError(error.detail)
        }
        try audit?.start()
        let metrics = agent.metrics
        let textfile = try configuration.metricsTextfile.map { path in
            try MetricsTextfile(path: path, logger: logger) { metrics.exposition }
        }
        try textfile?.start()
        defer { textfile?.finish() }
        // The group ends them from the last to the first: the node can be asked until it has nothing more to tell.
        var services: [any Service] = [agent]
        if let metricsListener {
            note(metricsListener.address, in: logger)
            services.insert(LocalServer([metricsListener], routes: [.metrics(metrics)]), at: 0)
        }
        if let controlServer {
            controlServer.routes =
                LocalRoute.control(agent, requestStop: ProcessSignals.requestStop) + [.metrics(metrics)]
            services.insert(controlServer, at: 0)
        }
        let watching = try checks?.start(
            unchanged, checkSockets, configuration, descriptors: NodeWatch.descriptors / 4, more: [ChangeLog(logger)],
            logger)
        defer { watching?.engine.stop() }
        if let watching { services.append(watching.watch) }
        var reload = NodeReload(
            loaded: loaded, policy: policy, load: reload, agent: agent, log: log, notifier: notifier,
            time: engine.time, logger: logger)
        return serve(services, agent, logger) {
            reload.run()
            watching?.watch.reload()
        }
    }

    private static func note(_ report: HardeningReport?, in logger: Logger) {
        guard let report else {
            return logger.warning("agent.not_hardened", metadata: ["reason": "it was asked for (--no-hardening)"])
        }
        var metadata: Logger.Metadata = [:]
        for measure in report.measures { metadata[measure.name] = "\(measure.state)" }
        logger.log(level: report.isComplete ? .info : .warning, "agent.hardened", metadata: metadata)
    }

    private static func note(_ address: LocalAddress, in logger: Logger) {
        let metadata: Logger.Metadata = ["address": "\(address)"]
        if address.isLocal { return logger.info("metrics.listening", metadata: metadata) }
        logger.warning(
            "metrics.listening", metadata: metadata.merging(["reason": "other machines may read the metrics"]) { $1 })
    }

    /// Runs the services until they end or a signal ends them: the first asks them to finish, a second shortens a drain, a
    /// second SIGINT does not wait.
    private static func serve(
        _ services: [any Service], _ agent: Agent, _ logger: Logger, reload: () -> Void
    ) -> Int32 {
        // The main thread takes the signals itself (`ProcessSignals`), so the group traps none.
        let group = ServiceGroup(services: services, logger: logger)
        var isStopping = false
        let outcome = MainThread.wait {
            do {
                try await group.run()
                return Int32(0)
            } catch {
                logger.critical("agent.failed", metadata: ["reason": "\(error)"])
                return 1
            }
        } until: { event in
            switch event {
            case .wake: break
            case .hangup: if !isStopping { reload() }
            case .stop(SIGINT) where isStopping: return SIGINT
            case .stop where isStopping: agent.hasten()
            case .stop(let signal):
                isStopping = true
                logger.debug("agent.signal", metadata: ["signal": "\(signal)"])
                Task { await group.triggerGracefulShutdown() }
            }
            return nil
        }
        switch outcome {
        case .done(let code): return code
        case .stopped(let signal): _exit(128 + signal)
        }
    }
}
