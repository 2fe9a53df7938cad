import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// The reference control plane: one port with the HTTP API and the nodes' WebSocket, over one store.
public struct Backend: Service {
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// - Parameters:
    ///   - onListening: called once it answers, with the address that it is bound to.
    /// - Throws: when the TLS files cannot be used.
    public init(
        _ configuration: BackendConfiguration, store: SQLStore, clock: BackendClock = .system, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
    ) throws {
        let gateway = NodeGateway(
            store: store, hub: NodeHub(), waiters: JobWaiters(), progress: JobProgress(), clock: clock,
            limits: configuration.nodes, logger: logger)
        let jobs = JobService(
            store: store, hub: gateway.hub, waiters: gateway.waiters, progress: gateway.progress, clock: clock,
            logger: logger)
        let tls = try configuration.tls.map(Self.tls)
        var application = Application(
            router: Self.router(configuration, jobs),
            server: HTTPServerBuilder { responder in
                let channel = BackendChannel(responder: responder, gateway: gateway)
                guard let tls else { return channel }
                return try TLSChannel(channel, tlsConfiguration: tls)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "probe-backend"),
            onServerRunning: { channel in
                guard let address = channel.localAddress else { return }
                await onListening(address)
            },
            logger: logger)
        application.addServices(jobs)
        application.beforeServerStarts { _ = try await store.releaseUnconnected() }
        self.application = application
    }

    /// Runs until graceful shutdown is asked for.
    public func run() async throws {
        try await application.run()
    }

    private static func router(_ configuration: BackendConfiguration, _ jobs: JobService) -> Router<BasicRequestContext>
    {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware())
        DashboardRoutes().add(to: router)
        HealthRoutes(store: jobs.store).add(to: router)
        RegistrationRoutes(
            store: jobs.store, clock: jobs.clock, heartbeatInterval: configuration.nodes.heartbeatInterval
        ).add(to: router)
        let api = router.group("api/v1").add(middleware: AdminMiddleware(token: configuration.adminToken))
        TokenRoutes(store: jobs.store, clock: jobs.clock).add(to: api)
        NodeRoutes(store: jobs.store, hub: jobs.hub).add(to: api)
        JobRoutes(service: jobs).add(to: api)
        return router
    }

    private static func tls(_ files: BackendConfiguration.TLSFiles) throws -> TLSConfiguration {
        // `NIOSSLPrivateKeySource.file` goes by the file's extension; a PEM key may have any.
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        return .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    }
}
