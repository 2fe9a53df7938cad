import NIOCore
import NIOWebSocket

/// Refuses frames that a client did not mask (RFC 6455 5.1). It stands before the reassembly, after which a message
/// has no mask any more.
final class UnmaskedFrameGuard: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame

    struct UnmaskedFrame: Error {}

    private var hasFailed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasFailed else { return }
        if unwrapInboundIn(data).maskKey != nil { return context.fireChannelRead(data) }
        hasFailed = true
        context.fireErrorCaught(UnmaskedFrame())
    }
}
