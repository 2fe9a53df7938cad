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
        let resources = try NodeResources(configuration, environment: environment)
        var warnings = loaded.warnings + resources.warnings
        var notifier: ServiceNotifier?
        do throws(ConfigurationError) { notifier = try ServiceNotifier.find(in: environment) } catch {
            warnings.append(error.description)
        }
        let prepared = try Startup.prepare(
            reactors: resources.reactors, user: configuration.user,
            hardening: configuration.isHardened ? resources.hardeningPaths : nil, listeners: resources.listeners)
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
        let code = try NodeEnrollment.complete(
            &configuration, resources, tools: tools,
            node: EnrollingNode(configuration, facts: facts, problems: problems),
            notifier: notifier, logger)
        if let code { return code }
        let node = try ProbeNode(
            configuration, resources, prepared, facts: facts, problems: problems, notifier: notifier, log: log,
            logger: logger)
        var reload = NodeReload(loaded: loaded, load: reload, node: node, log: log, notifier: notifier, logger: logger)
        return serve(node, logger) {
            reload.run()
            node.reloadChecks()
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

    /// Runs the node until it ends or a signal ends it: the first asks it to finish, a second shortens a drain, a second
    /// SIGINT does not wait.
    private static func serve(_ node: ProbeNode, _ logger: Logger, reload: () -> Void) -> Int32 {
        var isStopping = false
        let outcome = MainThread.wait {
            do {
                try await node.run()
                return Int32(0)
            } catch {
                logger.critical("agent.failed", metadata: ["reason": "\(error)"])
                return error is ConfigurationError ? ConfigurationError.exitCode : 1
            }
        } until: { event in
            isStopping = isStopping || node.agent.isEnding
            switch event {
            case .wake: break
            case .hangup: if !isStopping { reload() }
            case .stop(SIGINT) where isStopping: return SIGINT
            case .stop where isStopping: node.agent.hasten()
            case .stop(let signal):
                isStopping = true
                logger.debug("agent.signal", metadata: ["signal": "\(signal)"])
                node.requestStop()
            }
            return nil
        }
        switch outcome {
        case .done(let code): return code
        case .stopped(let signal): _exit(128 + signal)
        }
    }
}
