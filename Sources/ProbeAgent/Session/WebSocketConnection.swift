import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import ProbeNative

/// Opens the WebSocket: TCP, TLS, HTTP upgrade.
struct WebSocketConnector {
    static let connectLimit = TimeAmount.seconds(10)
    static let maximumMessage = 1 << 20

    let backend: BackendURL
    let tls: NIOSSLContext?
    let group: any EventLoopGroup

    /// Why no WebSocket came about.
    struct Refusal: Error {
        var end: ConnectionEnd
        var reason: String
    }

    /// A context that trusts the system's authorities and, beside them, those of `caFile`.
    static func tlsContext(caFile: String?) throws(InvalidInput) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if let caFile {
            guard let authorities = try? NIOSSLCertificate.fromPEMFile(caFile), !authorities.isEmpty else {
                throw InvalidInput(
                    "The CA file \(caFile.quotedForMessage) cannot be read, or holds no PEM certificate.")
            }
            configuration.additionalTrustRoots = [.certificates(authorities)]
        }
        guard let context = try? NIOSSLContext(configuration: configuration) else {
            throw InvalidInput("TLS cannot be set up with the system's certificates.")
        }
        return context
    }

    /// Connects and upgrades; `handler` is in the pipeline before the first frame arrives.
    func connect(_ handler: @escaping @Sendable () -> SessionHandler) async throws -> any Channel {
        let upgrade: EventLoopFuture<any Channel>
        do {
            upgrade = try await ClientBootstrap(group: group)
                .connectTimeout(Self.connectLimit)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
                .connect(host: backend.host, port: backend.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try setUp(channel, handler) }
                }
        } catch {
            throw Refusal(end: .failed, reason: "Connecting to \(backend.authority) failed: \(Self.words(error)).")
        }
        do {
            return try await upgrade.get()
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            let reason = await TLSFailure.explain(error, connector: self)
            throw Refusal(end: .failed, reason: reason)
        }
    }

    private func setUp(
        _ channel: any Channel, _ handler: @escaping @Sendable () -> SessionHandler
    ) throws -> EventLoopFuture<any Channel> {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // An address cannot be a server name; the certificate is then checked against the address itself.
            let name = IPAddress(backend.host) == nil ? backend.host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
        }
        let upgrader = NIOTypedWebSocketClientUpgrader<any Channel>(maxFrameSize: Self.maximumMessage) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers([
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 65536,
                        maxAccumulatedFrameSize: Self.maximumMessage),
                    handler(),
                ])
                return channel
            }
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: backend.path, headers: ["Host": backend.authority])
        let configuration = NIOTypedHTTPClientUpgradeConfiguration<any Channel>(
            upgradeRequestHead: head, upgraders: [upgrader]
        ) { channel in
            let refusal = channel.eventLoop.makePromise(of: (any Channel).self)
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(RefusalReader(refusal))
            }.flatMap { refusal.futureResult }
        }
        let watchdog = UpgradeWatchdog(limit: Self.connectLimit)
        let upgraded = try pipeline.configureUpgradableHTTPClientPipeline(
            configuration: .init(upgradeConfiguration: configuration))
        try pipeline.addHandler(watchdog, position: .first)
        let bound = NIOLoopBound((pipeline, watchdog), eventLoop: channel.eventLoop)
        upgraded.whenComplete { result in
            switch result {
            case .success: bound.value.0.removeHandler(bound.value.1, promise: nil)
            case .failure: channel.close(promise: nil)
            }
        }
        return upgraded
    }

    /// A connection error in words a person can use.
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failed = error.connectionErrors.first { return words(failed.error) }
            return "the name \(error.host) does not resolve"
        case let error as IOError: return Errno(rawValue: error.errnoCode).description
        case ChannelError.connectTimeout: return "no answer within 10 s"
        default: return "\(error)"
        }
    }
}

/// Reads the answer of a server that does not upgrade: its status and the beginning of what it says.
private final class RefusalReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private static let kept = 200
    private let promise: EventLoopPromise<any Channel>
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(_ promise: EventLoopPromise<any Channel>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var part):
            body.writeBuffer(&part)
            if body.readableBytes >= Self.kept { finish(context) }
        case .end: finish(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(context) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(context) }

    private func finish(_ context: ChannelHandlerContext) {
        promise.fail(refusal)
        context.close(promise: nil)
    }

    private var refusal: WebSocketConnector.Refusal {
        guard let head else {
            return .init(end: .failed, reason: "The backend closed the connection before it answered the upgrade.")
        }
        let said = String(decoding: body.readableBytesView.prefix(Self.kept), as: UTF8.self)
        let reason =
            "The backend answered \(head.status.code) \(head.status.reasonPhrase) instead of opening a WebSocket"
            + (said.isEmpty ? "." : ": \(said.quotedForMessage).")
        if [.tooManyRequests, .serviceUnavailable].contains(head.status),
            let seconds = head.headers.first(name: "Retry-After").flatMap({ Int($0) }), seconds >= 0
        {
            return .init(end: .retryAfter(.seconds(min(seconds, 86_400))), reason: reason)
        }
        return .init(end: .failed, reason: reason)
    }
}

/// Ends a connection that is open but does not come to its WebSocket: a peer that accepts and never speaks.
private final class UpgradeWatchdog: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            context.fireErrorCaught(ChannelError.connectTimeout(self.limit))
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }
}
