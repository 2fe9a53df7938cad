import NIOCore
import NIOWebSocket

/// What must reach the peer even when it does not read and the writer waits: sent past the writer's queue.
enum WireRequest: Sendable {
    case ping
    case text([UInt8])
    /// A last message, then a close frame; the connection ends when the peer answers it, or soon.
    case close(code: Int, reason: String, message: [UInt8]?)
}

/// The WebSocket side of a node's connection (RFC 6455): text frames in and out, pings answered, the closing
/// handshake, and a close code for everything that breaks the rules.
final class NodeWireHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    /// Complete messages in valid UTF-8, a batch a read: the unit in which results are committed.
    typealias InboundOut = [[UInt8]]
    typealias OutboundIn = [[UInt8]]
    typealias OutboundOut = WebSocketFrame

    /// How long a peer may take to answer a close frame.
    private static let closeGrace = TimeAmount.seconds(5)
    /// The same after a frame that could not be decoded: its answer cannot be decoded either. Reading on for a
    /// moment lets the close frame arrive; closing at once would reset the connection and destroy it.
    private static let undecodableGrace = TimeAmount.seconds(1)

    private let liveness: Liveness
    private let shutdownMessage: [UInt8]
    private var batch: [[UInt8]] = []
    private var isClosing = false
    private var forcedClose: Scheduled<Void>?
    private var owedPong: ByteBuffer?

    init(liveness: Liveness, shutdownMessage: [UInt8]) {
        self.liveness = liveness
        self.shutdownMessage = shutdownMessage
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        liveness.touch()
        let frame = unwrapInboundIn(data)
        if isClosing {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return close(context, .protocolError, "reserved bits are set")
        }
        switch frame.opcode {
        case .text: receive(frame, context)
        case .binary: close(context, .unacceptableData, "only text frames are accepted")
        case .ping:
            owedPong = frame.unmaskedData
            sendOwedPong(context)
        case .pong: break
        case .connectionClose: answerClose(frame, context)
        default: close(context, .protocolError, "unknown opcode")
        }
    }

    /// Of several pings only the latest need be answered (RFC 6455 section 5.5.3): a peer that pings and does not read
    /// fills no memory.
    private func sendOwedPong(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable, let payload = owedPong else { return }
        owedPong = nil
        write(WebSocketFrame(fin: true, opcode: .pong, data: payload), context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sendOwedPong(context)
        context.fireChannelWritabilityChanged()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !batch.isEmpty {
            let messages = batch
            batch = []
            context.fireChannelRead(wrapInboundOut(messages))
        }
        context.fireChannelReadComplete()
    }

    private func receive(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        let bytes = [UInt8](frame.unmaskedData.readableBytesView)
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            return close(context, .dataInconsistentWithMessage, "a text frame is not valid UTF-8")
        }
        batch.append(bytes)
    }

    private func answerClose(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        var data = frame.unmaskedData
        let code = data.readWebSocketErrorCode()
        close(context, code ?? .normalClosure, "")
        context.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let messages = unwrapOutboundIn(data)
        for message in messages.dropLast() { context.write(wrapOutboundOut(text(message, context)), promise: nil) }
        guard let last = messages.last else {
            promise?.succeed()
            return
        }
        context.write(wrapOutboundOut(text(last, context)), promise: promise)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case WireRequest.ping:
            if !isClosing { write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()), context) }
            promise?.succeed()
        case WireRequest.text(let bytes):
            if !isClosing { write(text(bytes, context), context) }
            promise?.succeed()
        case WireRequest.close(let code, let reason, let message):
            close(context, WebSocketErrorCode(codeNumber: code), reason, message: message)
            promise?.succeed()
        default:
            context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            // 1012: service restart.
            close(context, .unknown(1012), "the server is shutting down", message: shutdownMessage)
        case ChannelEvent.inputClosed:
            // The server allows half-closure, a WebSocket has none: without this the socket stays in CLOSE-WAIT.
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.tooManyFragments:
            let limit = NodeLimits.maximumMessage
            close(context, .messageTooLarge, "a message is over \(limit) bytes", grace: Self.undecodableGrace)
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error, is UnmaskedFrameGuard.UnmaskedFrame:
            close(context, .protocolError, "the frames break RFC 6455", grace: Self.undecodableGrace)
        case is ByteToMessageDecoderError where isClosing:
            break
        default:
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        forcedClose?.cancel()
        isClosing = true
        context.fireChannelInactive()
    }

    private func close(
        _ context: ChannelHandlerContext, _ code: WebSocketErrorCode, _ reason: String, message: [UInt8]? = nil,
        grace: TimeAmount = NodeWireHandler.closeGrace
    ) {
        guard !isClosing else { return }
        if let message { context.write(wrapOutboundOut(text(message, context)), promise: nil) }
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), context)
        isClosing = true
        let channel = context.channel
        forcedClose = context.eventLoop.scheduleTask(in: grace) { channel.close(promise: nil) }
    }

    private func write(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func text(_ bytes: [UInt8], _ context: ChannelHandlerContext) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: .text, data: context.channel.allocator.buffer(bytes: bytes))
    }
}
