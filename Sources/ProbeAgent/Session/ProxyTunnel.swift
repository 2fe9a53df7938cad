import NIOCore
import NIOExtras
import NIOHTTP1
import NIOSOCKS
import ProbeNative

/// A proxy's handshake on a connection to it. Once it is done the channel is as one to the backend itself, and empty.
struct ProxyTunnel {
    let proxy: BackendProxy
    let backend: BackendURL
    let userAgent: String

    /// Puts the handshake into the pipeline of a channel that is not connected yet.
    /// - Returns: a future of the open tunnel; it fails with an `AttemptFailure`, or with what ended the connection.
    func begin(on channel: any Channel) throws -> EventLoopFuture<Void> {
        switch proxy.kind {
        case .http: try beginConnect(channel)
        case .socks5: try beginSOCKS(channel)
        }
    }

    /// The handler's own timer runs on real time and outlives a refusal: it only has to end some time. The attempt's
    /// limit is the connector's.
    private static let timer = TimeAmount.seconds(60)

    private func beginConnect(_ channel: any Channel) throws -> EventLoopFuture<Void> {
        let target = backend.host.contains(":") ? "[\(backend.host)]" : backend.host
        var headers: HTTPHeaders = ["Host": "\(target):\(backend.port)", "User-Agent": userAgent]
        if let credentials = proxy.credentials {
            headers.add(name: "Proxy-Authorization", value: "Basic \(credentials.revealed)")
        }
        let opened = channel.eventLoop.makePromise(of: Void.self)
        let connect = NIOHTTP1ProxyConnectHandler(
            targetHost: target, targetPort: backend.port, headers: headers, deadline: .now() + Self.timer,
            promise: opened)
        let encoder = HTTPRequestEncoder()
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes))
        let refusal = ProxyRefusal()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([encoder, decoder, refusal, connect])
        let bound = NIOLoopBound((pipeline, encoder, decoder, refusal), eventLoop: channel.eventLoop)
        return opened.futureResult.flatMapErrorThrowing { [self] error in
            guard let status = bound.value.3.status else { throw bound.value.3.error ?? error }
            throw failure(status)
        }.flatMap {
            let (pipeline, encoder, decoder, refusal) = bound.value
            return .andAllSucceed(
                [pipeline.removeHandler(encoder), pipeline.removeHandler(decoder), pipeline.removeHandler(refusal)],
                on: channel.eventLoop)
        }
    }

    private func failure(_ status: HTTPResponseStatus) -> AttemptFailure {
        let words = "\(status.code) \(status.reasonPhrase)".quotedForMessage
        let reason =
            switch (status.code, proxy.credentials) {
            case (407, nil): "wants a user and a password: give --proxy http://USER:PASSWORD@HOST:PORT"
            case (407, .some): "does not accept the user and password of its URL"
            default: "did not open a tunnel to \(backend.authority): it answered \(words)"
            }
        return AttemptFailure(reason: "The proxy \(proxy) \(reason).", code: .proxyFailed)
    }

    private func beginSOCKS(_ channel: any Channel) throws -> EventLoopFuture<Void> {
        let target: SOCKSAddress =
            IPAddress(backend.host) == nil
            ? .domain(backend.host, port: backend.port)
            : .address(try NIOCore.SocketAddress(ipAddress: backend.host, port: backend.port))
        let opened = channel.eventLoop.makePromise(of: Void.self)
        let handler = SOCKSClientHandler(targetAddress: target)
        let watch = SOCKSWatch(opened)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([handler, watch])
        let bound = NIOLoopBound((pipeline, handler, watch), eventLoop: channel.eventLoop)
        return opened.futureResult.flatMapErrorThrowing { [self] error in
            throw AttemptFailure(socks: error, proxy, backend) ?? error
        }.flatMap {
            let (pipeline, handler, watch) = bound.value
            return .andAllSucceed(
                [pipeline.removeHandler(handler), pipeline.removeHandler(watch)], on: channel.eventLoop)
        }
    }
}

/// Notes the status by which an HTTP proxy refuses, and what is wrong with an answer: NIO's handler hands out neither.
private final class ProxyRefusal: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private(set) var status: HTTPResponseStatus?
    private(set) var error: (any Error)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = Self.unwrapInboundIn(data), !(200..<300).contains(head.status.code) {
            status = head.status
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }
}

/// Tells how a SOCKS handshake ends.
private final class SOCKSWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let opened: EventLoopPromise<Void>

    init(_ opened: EventLoopPromise<Void>) { self.opened = opened }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is SOCKSProxyEstablishedEvent { opened.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { opened.fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    // An address that was tried in vain closes before it was ever active.
    func handlerRemoved(context: ChannelHandlerContext) { opened.fail(ChannelError.eof) }
}
