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
    private let application: Application<RouterResponder<APIContext>>

    /// - Parameters:
    ///   - onListening: called once it answers, with the address that it is bound to.
    /// - Throws: when the TLS files cannot be used.
    public init(
        _ configuration: BackendConfiguration, store: SQLStore, clock: BackendClock = .system, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
    ) throws {
        let gateway = NodeGateway(
            store: store, hub: NodeHub(), waiters: JobWaiters(), progress: JobProgress(), events: EventHub(),
            metrics: Metrics(), clock: clock, limits: configuration.nodes, logger: logger)
        let jobs = JobService(
            store: store, hub: gateway.hub, waiters: gateway.waiters, progress: gateway.progress,
            events: gateway.events, metrics: gateway.metrics, clock: clock, logger: logger)
        let pump = EventPump(
            store: store, events: gateway.events, hub: gateway.hub, progress: gateway.progress, logger: logger)
        let tls = try configuration.tls.map(Self.tls)
        var application = Application(
            router: Routes(configuration: configuration, jobs: jobs).router(),
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
        let retention = RetentionService(store: store, limits: configuration.retention, clock: clock, logger: logger)
        application.addServices(jobs, pump, ReplicaService(of: jobs), retention)
        application.beforeServerStarts { try await store.join(at: clock.now) }
        self.application = application
    }

    /// Runs until graceful shutdown is asked for.
    public func run() async throws {
        try await application.run()
    }

    private static func tls(_ files: BackendConfiguration.TLSFiles) throws -> TLSConfiguration {
        // `NIOSSLPrivateKeySource.file` goes by the file's extension; a PEM key may have any.
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        return .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    }
}
