import NIOCore
import NIOHTTP1

/// Lets only complete WebSocket handshakes for nodes look like an upgrade to the upgrade handler behind it.
///
/// NIO loses the head of a request whose upgrade it refuses (apple/swift-nio#2632), and the client would get no
/// answer. Without its `Upgrade` field such a request is an ordinary one, answered by the router.
final class HandshakeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let path: String

    init(path: String) {
        self.path = path
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if !isHandshake(head) { head.headers.remove(name: "upgrade") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
        // Only the first request of a connection can upgrade it.
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func isHandshake(_ head: HTTPRequestHead) -> Bool {
        head.uri.prefix { $0 != "?" } == path && head.method == .GET
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && head.headers[canonicalForm: "sec-websocket-version"] == ["13"]
            && head.headers[canonicalForm: "sec-websocket-key"].count == 1
    }
}
