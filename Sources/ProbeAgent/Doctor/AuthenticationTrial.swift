import NIOCore
import NIOWebSocket
import ProbeNative
import ProbeProtocol

/// Authenticates on an open WebSocket, hears the answer, and closes with 1000. Confined to its event loop.
final class AuthenticationTrial: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    enum Answer: Sendable {
        case accepted(AuthenticationAccepted, at: WallTime)
        case refused(message: String, details: String?)
        /// One sentence's end: what came instead.
        case other(String)
    }

    private let frame: [UInt8]
    private let time: any TimeSource
    private let promise: EventLoopPromise<Answer>

    init(_ frame: [UInt8], time: any TimeSource, _ promise: EventLoopPromise<Answer>) {
        self.frame = frame
        self.time = time
        self.promise = promise
    }

    /// The upgrade is done (while it is under way NIO refuses writes).
    func begin(_ context: ChannelHandlerContext) { send(.text, frame, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            answer(Array(frame.data.readableBytesView), context)
        case .connectionClose:
            let code = frame.data.getInteger(at: frame.data.readerIndex, as: UInt16.self)
            finish(.other("closed the connection" + (code.map { " with code \($0)" } ?? "")), context)
        default: break
        }
    }

    private func answer(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        switch try? InboundMessage.decode(bytes) {
        case .accepted(let accepted): finish(.accepted(accepted, at: time.wallTime), context)
        case .refused(let message, let details): finish(.refused(message: message, details: details), context)
        case .unknown, .error, nil: finish(.other("sent what is no answer to an authentication"), context)
        // A backend may send a ping, or a job, before it answers.
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.succeed(.other("closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.other("broke the WebSocket protocol"), context)
    }

    private func finish(_ answer: Answer, _ context: ChannelHandlerContext) {
        promise.succeed(answer)
        // 1000 in the network's byte order (RFC 6455 section 7.4.1).
        send(.connectionClose, [0x03, 0xe8], context)
        context.close(promise: nil)
    }

    private func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let key = WebSocketMaskingKey.random()
        context.writeAndFlush(
            wrapOutboundOut(
                WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: ByteBuffer(bytes: bytes))), promise: nil)
    }
}

extension WebSocketConnector {
    /// - Parameter opened: called when the WebSocket is open.
    func tryAuthentication(
        _ frame: AuthenticationFrame, opened: @Sendable () -> Void
    ) async throws(AttemptFailure) -> AuthenticationTrial.Answer {
        let promise = dialer.group.next().makePromise(of: AuthenticationTrial.Answer.self)
        let bytes = frame.encoded()
        let channel: any Channel
        do throws(AttemptFailure) {
            channel = try await connect { [time = dialer.time] in AuthenticationTrial(bytes, time: time, promise) }
        } catch {
            promise.succeed(.other("was not asked"))
            throw error
        }
        opened()
        let limit = Task { [time = dialer.time] in
            try await time.sleep(for: BackendDialer.limit)
            promise.succeed(.other("did not answer within 10 s"))
        }
        defer { limit.cancel() }
        do {
            try await channel.eventLoop.submit {
                let context = try channel.pipeline.syncOperations.context(handlerType: AuthenticationTrial.self)
                (context.handler as? AuthenticationTrial)?.begin(context)
            }.get()
            let answer = try await promise.futureResult.get()
            channel.close(promise: nil)
            return answer
        } catch {
            promise.succeed(.other("closed the connection"))
            throw AttemptFailure(error, url: dialer.backend, certificate: nil)
        }
    }

    /// Opens the WebSocket, and closes it at once.
    func tryUpgrade() async throws(AttemptFailure) {
        let channel = try await connect { IgnoringHandler() }
        channel.close(promise: nil)
    }
}

/// Reads frames and does nothing with them.
private final class IgnoringHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
