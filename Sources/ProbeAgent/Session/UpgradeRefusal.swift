import NIOCore
import NIOHTTP1
import ProbeNative

/// Reads the answer of a server that does not open a WebSocket: its status and the beginning of its body.
final class UpgradeRefusal: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// How much of the body the log shows.
    private static let bodyLimit = 200

    private let backend: BackendURL
    private let now: WallTime
    private let promise: EventLoopPromise<AttemptFailure>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    /// - Parameter promise: kept with the answer, or with what there was of it when the connection ended.
    init(url: BackendURL, now: WallTime, promise: EventLoopPromise<AttemptFailure>) {
        backend = url
        self.now = now
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            body += part.readableBytesView.prefix(Self.bodyLimit - body.count)
            if body.count == Self.bodyLimit { finish(context) }
        case .end: finish(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context)
        context.fireChannelInactive()
    }

    private func finish(_ context: ChannelHandlerContext) {
        promise.succeed(
            AttemptFailure(
                status: Int(head?.status.code ?? 0), phrase: head?.status.reasonPhrase ?? "",
                body: String(decoding: body, as: UTF8.self), retryAfter: retryAfter, url: backend))
        context.close(promise: nil)
    }

    /// Seconds, or a date (RFC 9110, 10.2.3).
    private var retryAfter: Duration? {
        guard let text = head?.headers.first(name: "Retry-After") else { return nil }
        if let seconds = Int32(text) { return seconds >= 0 ? .seconds(seconds) : nil }
        guard let date = WallTime(httpDate: text) else { return nil }
        return max(.zero, .nanoseconds(date.nanoseconds - now.nanoseconds))
    }
}

extension WallTime {
    /// Reads the form of RFC 9110 that servers send: `Sun, 06 Nov 1994 08:49:37 GMT`.
    init?(httpDate text: String) {
        let parts = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let two = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        self.init(iso8601: "\(parts[3])-\(two)-\(parts[1])T\(parts[4])Z")
    }
}
