import NIOCore
import NIOPosix
import ProbeNative

/// Opens connections to the backend: name, TCP (over all addresses of the name, RFC 8305), a proxy's handshake, TLS. What
/// is spoken on them is others' affair.
struct BackendDialer: Sendable {
    /// For a connection and the first answer on it.
    static let limit = Duration.seconds(10)

    /// What has been passed on the way.
    enum Step: Sendable {
        /// TCP is open, to the proxy where there is one.
        case connected
        case tunnelled
        /// The server's certificate is good.
        case certified([CertificateSummary])
    }

    let backend: BackendURL
    /// Needed where the backend is encrypted.
    let trust: BackendTrust?
    /// Nil for a direct connection.
    let proxy: BackendProxy?
    let userAgent: String
    let group: any EventLoopGroup
    let time: any TimeSource
    /// Hears of each step, on the event loop.
    var passed: (@Sendable (Step) -> Void)?

    /// - Throws: one sentence when the CA file or the client certificate cannot be used.
    init(
        _ backend: BackendURL, caFile: String?, access: BackendAccess, time: any TimeSource, group: any EventLoopGroup
    ) throws(InvalidInput) {
        self.backend = backend
        trust =
            backend.isEncrypted
            ? try BackendTrust(access, caFile: caFile) : nil
        proxy = access.proxy.proxy
        userAgent = "probe-agent/\(Version.current)"
        self.time = time
        self.group = group
    }

    /// - Parameters:
    ///   - purpose: what the backend is to do within the limit, in the sentence "X did not ...".
    ///   - setUp: puts what is spoken into the pipeline, behind TLS; its future is what comes of it.
    func open<Opened: Sendable>(
        _ purpose: String, _ setUp: @escaping @Sendable (any Channel) throws -> EventLoopFuture<Opened>
    ) async throws(AttemptFailure) -> Opened {
        let notes = AttemptNotes()
        do {
            return try await withThrowingTaskGroup(of: Opened.self) { tasks in
                tasks.addTask { try await connect(notes, setUp).get() }
                tasks.addTask {
                    try await time.sleep(for: Self.limit)
                    let late = AttemptFailure(
                        reason: "\(backend.authority) did not \(purpose) within 10 s\(notes.place(proxy)).",
                        code: .connectionTimeout)
                    throw notes.giveUp(late)
                }
                defer { tasks.cancelAll() }
                guard let opened = try await tasks.next() else { throw CancellationError() }
                return opened
            }
        } catch {
            throw notes.giveUp(
                AttemptFailure(error, url: backend, certificate: notes.certificate, client: trust?.client))
        }
    }

    private func connect<Opened: Sendable>(
        _ notes: AttemptNotes, _ setUp: @escaping @Sendable (any Channel) throws -> EventLoopFuture<Opened>
    ) async throws -> EventLoopFuture<Opened> {
        guard let proxy else {
            return try await bootstrap.connect(host: backend.host, port: backend.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try notes.add(channel)
                    try watch(channel)
                    return try secure(channel, notes, setUp)
                }
            }
        }
        let channel = try await tunnel(through: proxy, notes)
        return try await channel.eventLoop.submit { try secure(channel, notes, setUp) }.get()
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
                    try watch(channel)
                    return (channel, try tunnel.begin(on: channel))
                }
            }
            try await opened.get()
            notes.tunnelIsOpen()
            passed?(.tunnelled)
            return channel
        } catch {
            throw AttemptFailure(error, proxy: proxy)
        }
    }

    private func watch(_ channel: any Channel) throws {
        guard let passed else { return }
        try channel.pipeline.syncOperations.addHandler(ConnectWatch { passed(.connected) })
    }

    private func secure<Opened: Sendable>(
        _ channel: any Channel, _ notes: AttemptNotes,
        _ setUp: @Sendable (any Channel) throws -> EventLoopFuture<Opened>
    ) throws -> EventLoopFuture<Opened> {
        if backend.isEncrypted, let trust {
            let handler = try trust.makeHandler(
                for: Host(backend.host), time: time, accepted: { passed?(.certified($0)) },
                refused: { notes.certificateRefused($0) })
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        return try setUp(channel)
    }
}

/// Tells when TCP is open.
private final class ConnectWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connected: @Sendable () -> Void

    init(_ connected: @escaping @Sendable () -> Void) { self.connected = connected }

    func channelActive(context: ChannelHandlerContext) {
        connected()
        context.fireChannelActive()
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
