import ProbeAgent
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Runs one prepared probe in this process while the main thread waits for it and for signals.
enum OneShot {
    /// What the engine hands to the main thread.
    private struct News {
        var partial: (any Report)?
        var result: ProbeResult?
    }

    /// - Parameter screen: shows partial reports meanwhile.
    /// - Returns: the result, and the signal that cut it short if one did.
    static func run(
        _ probe: PreparedProbe, _ prepared: Startup.Prepared, _ policy: TargetPolicy, screen: LiveScreen? = nil
    ) throws -> (result: ProbeResult, signal: Int32?) {
        var configuration = EngineConfiguration()
        configuration.rawSockets = prepared.rawSockets
        configuration.policy = policy
        let engine = try Engine(configuration, registry: prepared.registry)
        defer { engine.stop() }
        defer { screen?.close() }
        let news = Locked(News())
        @Sendable func show(_ report: any Report) {
            news.withLock { $0.partial = report }
            ProcessSignals.wakeMain()
        }
        return withExtendedLifetime(engine) {
            let deadline = engine.time.now + probe.defaultTimeout
            let running = engine.start(probe, deadline: deadline, progress: screen == nil ? nil : show) { result in
                news.withLock { $0.result = result }
                ProcessSignals.wakeMain()
            }
            var signal: Int32?
            while true {
                let latest = news.withLock { news -> News in
                    defer { news.partial = nil }
                    return news
                }
                if let result = latest.result { return (result, signal) }
                if let partial = latest.partial { screen?.show(partial) }
                switch ProcessSignals.next() {
                case .wake: continue
                case .stop(let number): signal = number
                case .hangup: signal = SIGHUP
                }
                running.stop(.cancelled)
            }
        }
    }
}
