import Logging
import NIOCore
import ProbeBackend
import ProbeTesting
import ServiceLifecycle

/// A backend in this process, on a free port, over a store of its own.
struct TestBackend: Sendable {
    static let adminToken = "an-admin-token-for-tests"

    let url: String
    let store: SQLStore
    private let group: ServiceGroup

    /// Asks for graceful shutdown; `with` returns only once it is complete.
    func stop() async { await group.triggerGracefulShutdown() }

    static func with(
        store: SQLStore? = nil, clock: BackendClock = .system, certificate: CertificateFiles? = nil,
        _ adjust: (inout BackendConfiguration) -> Void = { _ in },
        _ body: @Sendable (TestBackend) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder("backend")
        let opened: SQLStore
        if let store { opened = store } else { opened = try await SQLStore.open(folder.file("fleet.db")) }
        var settings = BackendConfiguration(adminToken: adminToken)
        settings.port = 0
        if let certificate { settings.tls = .init(certificate: certificate.chain, key: certificate.key) }
        adjust(&settings)
        var logger = Logger(label: "backend under test")
        logger.logLevel = .critical
        let listening = EventLog<Int>()
        let backend = try Backend(settings, store: opened, clock: clock, logger: logger) { address in
            listening.append(address.port ?? 0)
        }
        let group = ServiceGroup(services: [backend], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await listening.next("listening")
            let scheme = certificate == nil ? "http" : "https"
            do {
                try await body(TestBackend(url: "\(scheme)://127.0.0.1:\(port)", store: opened, group: group))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        withExtendedLifetime(folder) {}
    }

    var webSocketURL: String { url.replacing("http", with: "ws", maxReplacements: 1) + "/ws/node" }
    var api: APIClient { APIClient(url: url, token: Self.adminToken) }

    /// Registers a node by the API and connects it.
    func connect(
        _ node: FakeNode, as identity: NodeIdentity? = nil, region: String? = nil
    ) async throws -> NodeIdentity {
        let known: NodeIdentity
        if let identity { known = identity } else { known = try await api.register(region: region) }
        try await node.connect(webSocketURL)
        try await node.send(known.authentication)
        let accepted = try await node.message { $0["status"] != nil }
        guard accepted["status"] == "connected" else { throw Unexpected(accepted) }
        return known
    }
}

/// An answer that the test cannot go on with.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ value: some CustomStringConvertible) { description = value.description }
}

struct NodeIdentity: Sendable {
    let uuid: String
    let key: String

    func heartbeat(load: Double) -> JSONValue {
        [
            "type": "heartbeat", "node_uuid": .string(uuid), "uptime": 1, "current_load": .number(load),
            "cpu_usage": 1, "memory_usage": 1,
        ]
    }

    var authentication: JSONValue {
        ["node_uuid": .string(uuid), "api_key": .string(key), "version": "1.0.0", "hostname": "fake"]
    }
}
