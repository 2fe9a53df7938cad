/// How a WebSocket came about, answered and closed.
public struct WebSocketReport: Report {
    public struct Echo: Sendable, Hashable {
        /// Bytes of the first message that came back.
        public var count: Int
        public var isText: Bool
        /// It is what was sent.
        public var matches: Bool
        public var duration: Duration

        public init(count: Int, isText: Bool, matches: Bool, duration: Duration) {
            (self.count, self.isText, self.matches, self.duration) = (count, isText, matches, duration)
        }
    }

    public struct Close: Sendable, Hashable {
        /// Nil when the server gave none.
        public var code: Int?
        public var reason: String
        public var duration: Duration

        public init(code: Int?, reason: String, duration: Duration) {
            (self.code, self.reason, self.duration) = (code, reason, duration)
        }
    }

    public var url: String
    public var status: Int?
    public var fields: [HTTPField] = []
    public var subprotocol: String?
    public var address: IPAddress?
    public var dns: Duration?
    public var connect: Duration?
    public var tls: Duration?
    public var verify: Duration?
    /// From the request to the end of the answer's head.
    public var handshake: Duration?
    public var echo: Echo?
    /// Nil when the server did not take part in closing.
    public var close: Close?
    public var pings = 0
    public var tlsVersion: String?
    public var cipher: String?
    /// Nil without TLS, and when the handshake ended before the server showed its certificates.
    public var verdict: CertificateVerdict?
    /// The clock that `days_left` is counted from.
    public var seenAt = WallTime(nanoseconds: 0)
    public var isSecure = false

    public init(url: String) { self.url = url }

    public func write(to writer: inout some ReportWriter) {
        writer.field("url", url)
        writer.field("status_code", status)
        writer.field("handshake_ms", handshake)
        writer.field("dns_ms", dns)
        writer.field("connect_ms", connect)
        writer.field("tls_ms", tls)
        writer.field("verify_ms", verify)
        writer.field("echo_ms", echo?.duration)
        if let echo {
            writer.object("echo") { writer in
                writer.field("bytes", echo.count)
                writer.field("type", echo.isText ? "text" : "binary")
                writer.field("matches", echo.matches)
            }
        }
        writer.field("subprotocol", subprotocol)
        if let close {
            writer.object("close") { writer in
                writer.field("code", close.code)
                writer.field("reason", close.reason)
                writer.field("close_ms", close.duration)
            }
        }
        writer.field("pings", pings)
        writer.object("headers") { writer in
            for field in fields { writer.member(field.name, .string(field.value)) }
        }
        guard isSecure else { return }
        writer.object("tls") { writer in
            writer.field("protocol", tlsVersion)
            writer.field("cipher", cipher)
            guard let verdict else { return }
            verdict.write(to: &writer)
            writer.array("chain", verdict.chain) { writer, certificate in certificate.write(to: &writer, at: seenAt) }
        }
    }
}
