import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import ProbeNative

/// Opens the WebSocket: name, TCP (over all addresses of the name, RFC 8305), a proxy's handshake, TLS, HTTP upgrade.
struct WebSocketConnector: Sendable {
    /// For the whole of it.
    static let limit = Duration.seconds(10)
    /// Largest message taken, reassembled.
    static let maximumMessage = 1 << 20
    /// A message in more frames than this is an attack on memory.
    private static let maximumFragments = 65_536

    let backend: BackendURL
    /// Needed for `wss`.
    let trust: BackendTrust?
    /// Nil for a direct connection.
    let proxy: BackendProxy?
    let userAgent: String
    let group: any EventLoopGroup
    let time: any TimeSource

    /// Connects and upgrades; `handler` is in the pipeline before the first frame arrives. What it writes before this
    /// returns, NIO's upgrade handler may still refuse.
    func connect(_ handler: @escaping @Sendable () -> SessionHandler) async throws(AttemptFailure) -> any Channel {
        let notes = AttemptNotes()
        do {
            return try await withThrowingTaskGroup(of: (any Channel).self) { tasks in
                tasks.addTask { try await open(notes, handler) }
                tasks.addTask {
                    try await time.sleep(for: Self.limit)
                    let late = AttemptFailure(
                        reason: "\(backend.authority) did not open a WebSocket within 10 s\(notes.place(proxy)).",
                        code: .connectionTimeout)
                    throw notes.giveUp(late)
                }
                defer { tasks.cancelAll() }
                guard let channel = try await tasks.next() else { throw CancellationError() }
                return channel
            }
        } catch {
            throw notes.giveUp(
                AttemptFailure(error, url: backend, certificate: notes.certificate, client: trust?.client))
        }
    }

    private enum Upgrade: Sendable {
        case opened(any Channel)
        case refused(EventLoopFuture<AttemptFailure>)
    }

    private func open(
        _ notes: AttemptNotes, _ handler: @escaping @Sendable () -> SessionHandler
    ) async throws -> any Channel {
        let upgrade: EventLoopFuture<Upgrade>
        if let proxy {
            let channel = try await tunnel(through: proxy, notes)
            upgrade = try await channel.eventLoop.submit { try setUp(channel, notes, handler) }.get()
        } else {
            upgrade = try await bootstrap.connect(host: backend.host, port: backend.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try notes.add(channel)
                    return try setUp(channel, notes, handler)
                }
            }
        }
        switch try await upgrade.get() {
        case .opened(let channel): return channel
        case .refused(let answer): throw try await answer.get()
        }
    }

    private var bootstrap: ClientBootstrap {
        ClientBootstrap(group: group)
            .connectTimeout(.nanoseconds(Self.limit.wholeNanoseconds))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
    }

    /// A connection that leads to the backend. Nothing comes on it before the node speaks: TLS and HTTP begin with the
    /// client.
    private func tunnel(through proxy: BackendProxy, _ notes: AttemptNotes) async throws -> any Channel {
        let tunnel = ProxyTunnel(proxy: proxy, backend: backend, userAgent: userAgent)
        do {
            let (channel, opened) = try await bootstrap.connect(host: proxy.host, port: proxy.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try notes.add(channel)
                    return (channel, try tunnel.begin(on: channel))
                }
            }
            try await opened.get()
            notes.tunnelIsOpen()
            return channel
        } catch {
            throw AttemptFailure(error, proxy: proxy)
        }
    }

    private func setUp(
        _ channel: any Channel, _ notes: AttemptNotes, _ handler: @escaping @Sendable () -> SessionHandler
    ) throws -> EventLoopFuture<Upgrade> {
        let pipeline = channel.pipeline.syncOperations
        if backend.isEncrypted, let trust {
            try pipeline.addHandler(
                trust.makeHandler(for: Host(backend.host), time: time) { failure in notes.certificateRefused(failure) })
        }
        // The session answers breaches of the protocol itself, with one close frame.
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
            maxFrameSize: Self.maximumMessage, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers([
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: Self.maximumFragments,
                        maxAccumulatedFrameSize: Self.maximumMessage),
                    handler(),
                ])
                return .opened(channel)
            }
        }
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Upgrade>(
            upgradeRequestHead: HTTPRequestHead(
                version: .http1_1, method: .GET, uri: backend.path,
                headers: ["Host": backend.authority, "User-Agent": userAgent]),
            upgraders: [upgrader]
        ) { channel in
            // The answer's parts come only after this has returned.
            channel.eventLoop.makeCompletedFuture {
                let answer = channel.eventLoop.makePromise(of: AttemptFailure.self)
                let reader = UpgradeRefusal(url: backend, now: time.wallTime, promise: answer)
                do { try channel.pipeline.syncOperations.addHandler(reader) } catch {
                    answer.fail(error)
                    throw error
                }
                return .refused(answer.futureResult)
            }
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // A server may send its first frame in the same segment as its 101.
        configuration.leftOverBytesStrategy = .forwardBytes
        return try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
    }
}

/// What an attempt keeps of itself: the channels to close when it is given up, why it was, and what was wrong with the
/// certificate.
private final class AttemptNotes: Sendable {
    private struct State {
        var channels: [any Channel] = []
        var failure: AttemptFailure?
        var certificate: ProbeFailure?
        var hasTunnel = false
    }
    private let state = Locked(State())

    var certificate: ProbeFailure? { state.withLock { $0.certificate } }

    func certificateRefused(_ failure: ProbeFailure) { state.withLock { $0.certificate = failure } }

    func tunnelIsOpen() { state.withLock { $0.hasTunnel = true } }

    /// Where an attempt was when it came to nothing: a sentence's end.
    func place(_ proxy: BackendProxy?) -> String {
        guard let proxy else { return "" }
        return state.withLock(\.hasTunnel)
            ? " through the proxy \(proxy)" : ": the proxy \(proxy) did not open a tunnel"
    }

    /// - Throws: when the attempt is over already.
    func add(_ channel: any Channel) throws {
        try state.withLock { state in
            guard state.failure == nil else { throw ChannelError.ioOnClosedChannel }
            state.channels.append(channel)
        }
    }

    /// Closes what is open. The first reason stands: that the channels then fail is no news.
    func giveUp(_ failure: AttemptFailure) -> AttemptFailure {
        let (channels, first) = state.withLock { state in
            defer { state.channels = [] }
            let first = state.failure ?? failure
            state.failure = first
            return (state.channels, first)
        }
        for channel in channels { channel.close(promise: nil) }
        return first
    }
}
