import ArgumentParser

/// Drives the engine, a node or a backend as fast as they go, and prints what it measured as JSON lines. The benchmarks
/// under benchmarks/ start it, its targets and its peers; nothing that is installed contains it.
@main
struct ProbeBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-bench", abstract: "Load generators of the benchmarks.",
        subcommands: [EngineCommand.self, ControlCommand.self, FleetCommand.self])
}
