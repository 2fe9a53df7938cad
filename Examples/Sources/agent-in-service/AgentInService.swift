import Foundation
import Logging
import NIOSSL
import ProbeAgent
import ProbeNative
import ServiceLifecycle

/// A node inside a service that has other things to do: own logger, own TLS settings, and a part of the service that follows
/// what the node does.
///
///     BACKEND=https://probes.example.com NODE_UUID=... NODE_KEY=... CA_FILE=ca.pem agent-in-service
@main struct AgentInService {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let logger = Logger(label: "my-service")

        var configuration = AgentConfiguration(
            backend: environment["BACKEND"] ?? "https://localhost:8443", nodeUUID: environment["NODE_UUID"] ?? "",
            apiKey: Secret(environment["NODE_KEY"] ?? ""))
        configuration.maxConcurrent = 64
        // Its own policy: the service's machine lends itself for these tools only.
        configuration.tools = ["ping", "dns", "http", "tcp"]
        configuration.policy.allow = (environment["ALLOW"] ?? "").split(separator: ",").compactMap {
            PolicyRule(String($0), tools: [])
        }

        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        if let file = environment["CA_FILE"] { tls.trustRoots = .file(file) }

        do {
            let node = try ProbeNode(configuration, tls: tls, logger: logger)
            // The follower ends when there is nothing more to follow. A node that was drained ends by itself, and the
            // service with it.
            let group = ServiceGroup(
                configuration: .init(
                    services: [
                        .init(service: Follower(node: node, logger: logger), successTerminationBehavior: .ignore),
                        .init(service: node, successTerminationBehavior: .gracefullyShutdownGroup),
                    ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await group.run()
        } catch let error as ConfigurationError {
            logger.critical("\(error)")
            exit(ConfigurationError.exitCode)
        }
    }
}

/// What the service makes of the node's events: here, a line of its log each.
struct Follower: Service {
    let events: AsyncStream<NodeEvent>
    let logger: Logger

    /// Listens from the beginning, whenever it comes to run.
    init(node: ProbeNode, logger: Logger) {
        events = node.events()
        self.logger = logger
    }

    func run() async throws {
        var jobs = 0
        for await event in events {
            switch event {
            case .connected(let id): logger.info("connected as \(id ?? "one without a name")")
            case .disconnected(let failure, let retry):
                logger.warning("not connected: \(failure.reason) \(retry.map { "Next attempt in \($0)." } ?? "")")
            case .jobFinished(let id, let result):
                jobs += 1
                logger.info("\(id): \(result.tool) \(result.target): \(result.outcome.failure?.code.rawValue ?? "ok")")
            case .stopped: logger.info("stopped after \(jobs) jobs")
            case .connecting, .jobAccepted, .watch, .stopping: break
            }
        }
    }
}
