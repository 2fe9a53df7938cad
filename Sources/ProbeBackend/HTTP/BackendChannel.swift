import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// One port for both: HTTP requests for Hummingbird, and `/ws/node` upgraded to a node's connection.
struct BackendChannel: ServerChildChannel {
    /// A connection, before it is known what it will be.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let kind: EventLoopFuture<Kind>
    }

    enum Kind: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case node(NodeChannel, Liveness)
    }

    static let nodePath = "/ws/node"
    private static let maximumFragments = 4096
    /// For the first request to come, and between two requests.
    private static let idleTimeout = Duration.seconds(60)

    let responder: HTTPChannelHandler.Responder
    let gateway: NodeGateway

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let upgrader = NIOTypedWebSocketServerUpgrader<Kind>(
                maxFrameSize: NodeLimits.maximumMessage,
                // Our handler reports the error, and lingers so that the peer learns of it.
                enableAutomaticErrorHandling: false,
                // The filter below has asked already.
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture { try node(channel) }
                })
            var pipeline = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeCompletedFuture { try http(channel, logger) }
                    }))
            // Hummingbird reads one request after the other by itself.
            pipeline.enablePipelining = false
            let kind = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: pipeline)
            let handler = try channel.pipeline.syncOperations.handler(
                type: NIOTypedHTTPServerUpgradeHandler<Kind>.self)
            try channel.pipeline.syncOperations.addHandler(
                HandshakeFilter(path: Self.nodePath), position: .before(handler))
            let deadline = channel.eventLoop.scheduleTask(in: .init(Self.idleTimeout)) { channel.close(promise: nil) }
            kind.whenComplete { _ in deadline.cancel() }
            return Value(channel: channel, kind: kind)
        }
    }

    private func http(_ channel: any Channel, _ logger: Logger) throws -> Kind {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: Self.idleTimeout, logger: logger))
        return .http(
            try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
    }

    private func node(_ channel: any Channel) throws -> Kind {
        let liveness = Liveness(gateway.clock)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(UnmaskedFrameGuard())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: Self.maximumFragments,
                maxAccumulatedFrameSize: NodeLimits.maximumMessage))
        let goodbye = try JSONText.encode(ShutdownMessage(reconnectIn: gateway.limits.reconnect.initialDelay))
        try pipeline.addHandler(NodeWireHandler(liveness: liveness, shutdownMessage: goodbye))
        return .node(try NodeChannel(wrappingChannelSynchronously: channel), liveness)
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.kind.get() {
            case .http(let channel): await http.handleHTTP(asyncChannel: channel, logger: logger)
            case .node(let channel, let liveness): await gateway.serve(channel, liveness: liveness)
            }
        } catch {
            // Closed before its first request was complete.
            logger.trace("connection ended early", metadata: ["error": "\(error)"])
        }
    }

    private var http: HTTP1Channel { HTTP1Channel(responder: responder) }
}
