import ArgumentParser

struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running backend whether it can serve, as a container's health check does.",
        discussion: "Exit code 0 when it can; else 1, with one sentence on standard error.")

    @Option(help: "Where the backend is.")
    var url = "http://127.0.0.1:8000"

    @Option(help: ArgumentHelp("PEM file with the authority of the backend's certificate.", valueName: "file"))
    var ca: String?

    func run() async throws {
        _ = try APIClient(url: url, key: nil, authority: ca).call("GET", "/readyz")
        Console.out("ready")
    }
}
