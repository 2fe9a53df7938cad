import NIOCore
import NIOHTTP1
import NIOWebSocket
import ProbeNative

/// Opens the WebSocket on a connection of the dialer's.
struct WebSocketConnector: Sendable {
    /// Largest message taken, reassembled.
    static let maximumMessage = 1 << 20
    /// A message in more frames than this is an attack on memory.
    private static let maximumFragments = 65_536

    let dialer: BackendDialer
    private var backend: BackendURL { dialer.backend }

    init(_ dialer: BackendDialer) { self.dialer = dialer }

    /// Connects and upgrades; `handler` is in the pipeline before the first frame arrives. What it writes before this
    /// returns, NIO's upgrade handler may still refuse.
    func connect(
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) async throws(AttemptFailure) -> any Channel {
        try await dialer.open("open a WebSocket") { channel in try upgrade(channel, handler) }
    }

    private enum Upgrade: Sendable {
        case opened(any Channel)
        case refused(EventLoopFuture<AttemptFailure>)
    }

    private func upgrade(
        _ channel: any Channel, _ handler: @escaping @Sendable () -> any ChannelHandler
    ) throws -> EventLoopFuture<any Channel> {
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
                headers: ["Host": backend.authority, "User-Agent": dialer.userAgent]),
            upgraders: [upgrader]
        ) { channel in
            // The answer's parts come only after this has returned.
            channel.eventLoop.makeCompletedFuture {
                let answer = channel.eventLoop.makePromise(of: AttemptFailure.self)
                let reader = UpgradeRefusal(url: backend, now: dialer.time.wallTime, promise: answer)
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
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
            .flatMap { (upgrade: Upgrade) -> EventLoopFuture<any Channel> in
                switch upgrade {
                case .opened(let channel): channel.eventLoop.makeSucceededFuture(channel)
                case .refused(let answer): answer.flatMapThrowing { throw $0 }
                }
            }
    }
}
