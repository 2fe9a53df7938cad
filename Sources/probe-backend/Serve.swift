import ArgumentParser
import FoundationEssentials
import Logging
import NIOCore
import ProbeBackend
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve nodes and the HTTP API.",
        discussion: """
            Prints "listening on http://HOST:PORT" on standard output once it answers, and before that the admin \
            token when it had to make one. Logs go to standard error. SIGTERM and SIGINT stop it gracefully.
            """)

    @Option(help: "Address and port to listen on; port 0 takes a free one.")
    var listen = ListenAddress(host: "127.0.0.1", port: 8000)

    @OptionGroup var options: DatabaseOptions

    @Option(help: ArgumentHelp("PEM file with the certificate chain; needs --tls-key.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("PEM file with the private key.", valueName: "file"))
    var tlsKey: String?

    @OptionGroup var admin: AdminTokenOptions

    @Option(help: "Jobs that one node may have unanswered.")
    var maxOutstanding = 4000

    @Flag(help: "Take results of the nodes' own checks; each node decides how many there are.")
    var checkResults = false

    @Option(help: "API requests a second that one key may make on average; the admin token ten times as many.")
    var rateLimit = 50.0

    @Option(help: "API requests that one key may make at once after a pause.")
    var rateBurst = 200.0

    @Option(help: "Days for which finished jobs are kept.")
    var retentionDays = 30.0

    @Option(help: "What finished jobs may take together: bytes, or KiB, MiB, GiB, TiB; the oldest go.")
    var retentionSize = ByteCount(bytes: RetentionLimits().bytes)

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together.")
        }
        guard (0.001...36_500).contains(retentionDays) else {
            throw ValidationError("--retention-days must lie between 0.001 and 36500.")
        }
        guard (1...100_000).contains(maxOutstanding) else {
            throw ValidationError("--max-outstanding must lie between 1 and 100000.")
        }
        guard (0.1...1_000_000).contains(rateLimit), (1...1_000_000).contains(rateBurst) else {
            throw ValidationError("--rate-limit must lie between 0.1 and 1000000, --rate-burst between 1 and 1000000.")
        }
    }

    func run() async throws {
        let level = logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "probe-backend")
        let store = try await options.open()
        let manager = ServiceManager(ProcessInfo.processInfo.environment)
        let backend = try await orExit("The backend cannot be set up") {
            try Backend(try await settings(), store: store, logger: logger) { address in
                announce(address)
                manager.ready()
            }
        }
        let group = ServiceGroup(
            configuration: {
                var configuration = ServiceGroupConfiguration(
                    services: [backend], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
                configuration.maximumGracefulShutdownDuration = .seconds(15)
                return configuration
            }())
        let watchdog = Task { await manager.watch() }
        defer { watchdog.cancel() }
        do {
            try await group.run()
        } catch {
            Console.error("The server ended: \(error)")
            throw ExitCode.failure
        }
    }

    private func settings() async throws -> BackendConfiguration {
        var settings = BackendConfiguration(adminToken: try await admin.token())
        settings.host = listen.host
        settings.port = listen.port
        settings.nodes.takesCheckResults = checkResults
        settings.retention.days = retentionDays
        settings.retention.bytes = retentionSize.bytes
        settings.nodes.maximumOutstanding = maxOutstanding
        settings.requests = RequestLimits(rate: rateLimit, burst: rateBurst)
        if let tlsCert, let tlsKey { settings.tls = .init(certificate: tlsCert, key: tlsKey) }
        return settings
    }

    private func announce(_ address: SocketAddress) {
        let host = listen.host.contains(":") ? "[\(listen.host)]" : listen.host
        Console.out("listening on \(tlsCert == nil ? "http" : "https")://\(host):\(address.port ?? listen.port)")
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
