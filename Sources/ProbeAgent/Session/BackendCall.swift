import NIOCore
import NIOHTTP1
import ProbeNative

/// One HTTP request to the backend, by the road that the session takes: the same trust, pins and proxy hold.
struct BackendCall: Sendable {
    struct Answer: Sendable, Hashable {
        /// Of HTTP.
        var status: Int
        var phrase: String
        /// The server's clock (RFC 9110 section 6.6.1), in whole seconds.
        var date: WallTime?
        /// At most `longestBody`; what is longer is cut.
        var body: [UInt8]
    }

    static let longestBody = 64 << 10

    let dialer: BackendDialer
    /// Set once the whole request has been handed to the network: from then on the backend may have acted on it.
    let wasSent = Locked(false)

    init(_ dialer: BackendDialer) { self.dialer = dialer }

    /// - Parameter body: JSON.
    func send(_ method: NIOHTTP1.HTTPMethod, _ path: String, body: [UInt8] = []) async throws(AttemptFailure) -> Answer
    {
        var headers: HTTPHeaders = [
            "Host": dialer.backend.authority, "User-Agent": dialer.userAgent, "Accept": "application/json",
            "Connection": "close",
        ]
        if !body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(body.count)")
        }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        return try await dialer.open("answer") { channel in
            let answer = channel.eventLoop.makePromise(of: Answer.self)
            let exchange = HTTPExchangeHandler(
                head, body, dialer.backend, answer, sent: { wasSent.withLock { $0 = true } })
            do {
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                try channel.pipeline.syncOperations.addHandler(exchange)
            } catch {
                answer.fail(error)
                throw error
            }
            return answer.futureResult
        }
    }
}

/// Sends a request as soon as the connection is open, and reads the answer.
private final class HTTPExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let requestBody: [UInt8]
    private let backend: BackendURL
    private let promise: EventLoopPromise<BackendCall.Answer>
    private let sent: @Sendable () -> Void
    private var isBegun = false
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(
        _ request: HTTPRequestHead, _ body: [UInt8], _ backend: BackendURL,
        _ promise: EventLoopPromise<BackendCall.Answer>, sent: @escaping @Sendable () -> Void
    ) {
        self.request = request
        requestBody = body
        self.backend = backend
        self.promise = promise
        self.sent = sent
    }

    // Behind a proxy the channel is open already.
    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !isBegun else { return }
        isBegun = true
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        if !requestBody.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: requestBody)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenSuccess { [sent] in sent() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            body += part.readableBytesView.prefix(BackendCall.longestBody - body.count)
            if body.count == BackendCall.longestBody { finish(context) }
        case .end: finish(context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let head else { return }
        promise.succeed(
            .init(
                status: Int(head.status.code), phrase: head.status.reasonPhrase,
                date: head.headers.first(name: "Date").flatMap(WallTime.init(httpDate:)), body: body))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(
            AttemptFailure(
                reason: "\(backend.authority) closed the connection before it had answered.", code: .connectionReset))
        context.fireChannelInactive()
    }

    // An address that was tried in vain closes before it was ever active.
    func handlerRemoved(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
