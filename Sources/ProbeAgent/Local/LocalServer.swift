import NIOCore
import NIOHTTP1
import NIOPosix
import ProbeNative
import ServiceLifecycle
import Synchronization

/// HTTP/1.1 for this machine's operator: small requests, one a connection, on an event loop that no job runs on.
public final class LocalServer: Service {
    /// Connections at once, unless it is told otherwise.
    static let mostConnections = 16

    private let listeners: [LocalListener]
    private let current: Locked<[LocalRoute]>
    private let channels = Locked<[any Channel]>([])
    private let timeout: Duration
    private let answerTimeout: Duration
    private let mostConnections: Int
    private let connections = Atomic<Int>(0)

    /// - Parameters:
    ///   - listeners: served by this server alone.
    ///   - timeout: from a connection's beginning to the end of its request.
    ///   - answerTimeout: from there to the end of the answer; nil: as `timeout`.
    ///   - mostConnections: at once; further ones are closed.
    public init(
        _ listeners: [LocalListener], routes: [LocalRoute], timeout: Duration = .seconds(10),
        answerTimeout: Duration? = nil, mostConnections: Int? = nil
    ) {
        self.listeners = listeners
        current = Locked(routes)
        self.timeout = timeout
        self.answerTimeout = answerTimeout ?? timeout
        self.mostConnections = mostConnections ?? Self.mostConnections
    }

    /// What it answers, from the next connection on.
    public var routes: [LocalRoute] {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// Serves from now on, also before `run`, which otherwise begins with it.
    public func start() async throws {
        for listener in listeners {
            let channel = try await bootstrap.withBoundSocket(listener.take()).get()
            channels.withLock { $0.append(channel) }
        }
    }

    /// Serves until the service group shuts down; then the sockets are closed and their files removed.
    public func run() async throws {
        defer { removeFiles() }
        if channels.withLock(\.isEmpty) { try await start() }
        try? await gracefulShutdown()
        for channel in channels.withLock({ $0 }) { try? await channel.close().get() }
    }

    /// For who ends the process without having run it.
    public func removeFiles() { for listener in listeners { listener.removeFile() } }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            .childChannelInitializer { [self] channel in
                let isOneTooMany = connections.wrappingAdd(1, ordering: .relaxed).oldValue >= mostConnections
                channel.closeFuture.whenComplete { [self] _ in connections.wrappingSubtract(1, ordering: .relaxed) }
                if isOneTooMany { return channel.eventLoop.makeFailedFuture(ChannelError.eof) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(
                        LocalConnection(self.routes, timeout: self.timeout, answerTimeout: self.answerTimeout))
                }
            }
    }
}

/// One connection: reads one request, answers it, and says that it was the last.
private final class LocalConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of a request's body. NIO's parser bounds the head (80 KiB).
    private static let longestBody = 64 << 10

    private let routes: [LocalRoute]
    private let timeout: Duration
    private let answerTimeout: Duration
    private var cut: Scheduled<Void>?
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Further parts are read and dropped: a socket that is closed with unread bytes loses the answer.
    private var isAnswering = false

    init(_ routes: [LocalRoute], timeout: Duration, answerTimeout: Duration) {
        self.routes = routes
        self.timeout = timeout
        self.answerTimeout = answerTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) { limit(context.channel, to: timeout) }
    func handlerRemoved(context: ChannelHandlerContext) { cut?.cancel() }

    private func limit(_ channel: any Channel, to time: Duration) {
        cut?.cancel()
        cut = channel.eventLoop.scheduleTask(in: .nanoseconds(time.wholeNanoseconds)) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswering else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            guard body.count + part.readableBytes <= Self.longestBody else {
                return answer(.text("The request is larger than 64 KiB.", status: 413), context)
            }
            body += part.readableBytesView
        case .end: if let head { handle(head, context) }
        }
    }

    private func handle(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let here = routes.filter { $0.path == parts[0] }
        guard let route = here.first(where: { $0.method == head.method.rawValue }) else {
            let known = here.isEmpty ? routes.map(\.path) : here.map(\.method)
            return answer(
                here.isEmpty
                    ? .text("There is nothing at that path; there is: \(known.joined(separator: " ")).", status: 404)
                    : .text("That path takes \(known.joined(separator: ", ")) only.", status: 405), context)
        }
        isAnswering = true
        limit(context.channel, to: answerTimeout)
        let fields = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $0 + ", " + $1 }
        let request = LocalRequest(query: parts.count == 2 ? String(parts[1]) : "", fields: fields, body: body)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        Task {
            let response = await route.handler(request)
            loop.execute { bound.value.0.answer(response, bound.value.1) }
        }
    }

    private func answer(_ response: LocalResponse, _ context: ChannelHandlerContext) {
        isAnswering = true
        var headers: HTTPHeaders = [
            "Content-Type": response.contentType, "Cache-Control": "no-store", "Connection": "close",
        ]
        // Else it is chunked.
        if response.parts == nil { headers.add(name: "Content-Length", value: "\(response.body.count)") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        let channel = context.channel
        guard let parts = response.parts else {
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
                channel.close(mode: .output, promise: nil)
                response.afterwards?()
            }
            return
        }
        Self.send(parts, to: channel, then: response.afterwards)
    }

    /// Each part is made when the one before is with the kernel.
    private static func send(
        _ parts: some Sequence<[UInt8]> & Sendable, to channel: any Channel, then: (@Sendable () -> Void)?
    ) {
        Task {
            defer { then?() }
            do {
                for part in parts {
                    try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: part))))
                }
                try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
                try await channel.close(mode: .output)
            } catch {
                // The client went.
                channel.close(promise: nil)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
