import ArgumentParser
import ProbeAgent
import ProbeNative

/// Runs jobs on the engine of this process, with no WebSocket and no result encoded.
struct EngineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Jobs of one kind through the engine, a window of them at once.")

    @Option(help: "A job kind: JSON with name, tool, target, parameters, timeout, expect.") var kind: String
    @Option(help: "Jobs in flight.") var concurrency = 256
    @Option(help: "Stop after so many seconds.") var seconds = 5.0
    @Option(help: "Stop after so many jobs, if that comes first.") var jobs = 2_000_000
    @Option(help: "Jobs before the measured ones.") var warmUp = 200
    @Option(help: "Reactor threads (default: as the node).") var reactors: Int?

    func run() throws {
        let template = JobTemplate(try JSONLine.read(JobKind.self, kind))
        let prepared = try Startup.prepare(reactors: reactors)
        var configuration = EngineConfiguration()
        configuration.rawSockets = prepared.rawSockets
        let engine = try Engine(configuration, registry: prepared.registry)
        let warmUp = try EngineLoad(engine, template, window: concurrency, jobs: warmUp, seconds: 60)
        _ = warmUp.run()
        let load = try EngineLoad(engine, template, window: concurrency, jobs: jobs, seconds: seconds)
        JSONLine.write(load.run())
        engine.stop()
    }
}
