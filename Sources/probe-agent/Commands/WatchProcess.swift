import Logging
import ProbeAgent
import ProbeNative
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#endif

/// The process of `probe-agent watch`.
enum WatchProcess {
    /// - Returns: the exit code.
    static func run(
        _ file: WatchFile, _ configuration: AgentConfiguration, _ form: WatchConsole.Form, once: Bool
    ) throws -> Int32 {
        let checks = try NodeChecks(file)
        let prepared = try Startup.prepare(
            user: configuration.user, hardening: configuration.isHardened ? file.hardeningPaths : nil,
            listeners: checks.listeners)
        // What a person looks at is on standard output.
        let log = try LogOutput(
            descriptor: STDERR_FILENO, format: configuration.logFormat,
            level: max(configuration.logLevel, once || form == .table ? .warning : configuration.logLevel))
        LoggingSystem.bootstrap { _ in LineLogHandler(log) }
        try log.start()
        defer { log.finish() }
        let logger = Logger(label: "probe-agent")
        for warning in prepared.warnings { logger.warning("agent.warning", metadata: ["reason": "\(warning)"]) }
        let console = try WatchConsole(form)
        let (watch, engine) = try checks.start(
            prepared.registry, prepared.rawSockets, configuration, more: [console.output].compactMap(\.self), logger)
        defer { engine.stop() }
        return serve(watch, console, logger, once: once)
    }

    private static func serve(_ watch: Watch, _ console: WatchConsole, _ logger: Logger, once: Bool) -> Int32 {
        let group = ServiceGroup(services: [watch], logger: logger)
        defer { console.close() }
        console.draw()
        var signal: Int32?
        let outcome = MainThread.wait {
            do {
                if once { return try await watch.once() ? Int32(0) : 1 }
                try await group.run()
                return 0
            } catch {
                logger.critical("watch.failed", metadata: ["reason": "\(error)"])
                return error is ConfigurationError ? ConfigurationError.exitCode : 1
            }
        } until: { event in
            switch event {
            case .wake: break
            case .hangup where !once: watch.reload()
            // The second one does not wait for the outputs.
            case .stop where signal == nil, .hangup where signal == nil:
                signal = event.signal
                if once { watch.stopOnce() } else { Task { await group.triggerGracefulShutdown() } }
            case .hangup, .stop: return event.signal
            }
            console.draw()
            return nil
        }
        switch outcome {
        case .done(let code): return once ? signal.map { 128 + $0 } ?? code : code
        case .stopped(let signal): return 128 + signal
        }
    }
}
