import ProbeAgent
import ProbeNative

/// Runs one prepared probe in this process while the main thread waits for it and for signals.
enum OneShot {
    /// - Returns: the result, and the signal that cut it short if one did.
    static func run(_ probe: PreparedProbe, _ prepared: Startup.Prepared) throws -> (result: ProbeResult, signal: Int32?) {
        var configuration = EngineConfiguration()
        configuration.rawSockets = prepared.rawSockets
        let engine = try Engine(configuration, registry: prepared.registry)
        defer { engine.stop() }
        let finished = Locked<ProbeResult?>(nil)
        return withExtendedLifetime(engine) {
            let running = engine.start(probe, deadline: engine.time.now + probe.defaultTimeout) { result in
                finished.withLock { $0 = result }
                ProcessSignals.wakeMain()
            }
            var signal: Int32?
            while true {
                if let result = finished.withLock({ $0 }) { return (result, signal) }
                if case .stop(let number) = ProcessSignals.next() {
                    signal = number
                    running.stop(.cancelled)
                }
            }
        }
    }
}
