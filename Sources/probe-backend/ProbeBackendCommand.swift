import ArgumentParser

@main
struct ProbeBackendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe-backend",
        abstract: "The reference control plane for ProbeOps nodes.",
        subcommands: [Serve.self, Token.self, Nodes.self, Job.self, Migrate.self, Backup.self])
}
