import ArgumentParser
import ProbeBackend

@main
struct ProbeBackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-backend",
        abstract: "The reference control plane for ProbeOps nodes.",
        version: BackendVersion.current,
        subcommands: [Serve.self, Health.self, Token.self, Nodes.self, Job.self, Migrate.self, Backup.self])
}
