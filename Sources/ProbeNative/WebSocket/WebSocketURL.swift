/// A ws or wss URL (RFC 6455 section 3), read as the http or https one that its handshake is sent to.
public struct WebSocketURL: Sendable, Hashable, CustomStringConvertible {
    private let http: HTTPURL

    public var host: Host { http.host }
    public var port: UInt16 { http.origin.port }
    public var isSecure: Bool { http.isSecure }
    public var description: String { (isSecure ? "wss" : "ws") + http.text.dropFirst(isSecure ? 5 : 4) }

    /// Without a scheme it is `ws://`; `http` and `https` are taken for what they are here.
    public init(_ text: String) throws(InvalidInput) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "ws" where text.dropFirst(2).hasPrefix("://"), "wss" where text.dropFirst(3).hasPrefix("://"):
            guard !text.contains("#") else {
                throw InvalidInput("The URL \(text.quotedForMessage) has a fragment, which a WebSocket's has not.")
            }
            http = try HTTPURL(target: "http" + text.dropFirst(2))
        default: http = try HTTPURL(target: text)
        }
    }

    /// Path and query.
    var requestTarget: String { afterScheme.firstIndex(of: "/").map { String(afterScheme[$0...]) } ?? "/" }

    /// For the Host field: the port only where it is not the scheme's.
    var authority: String { String(afterScheme.prefix { $0 != "/" }) }

    /// libcurl writes URLs with a path, and without the scheme's own port unless that was given.
    private var afterScheme: Substring { http.text.dropFirst(isSecure ? 8 : 7) }
}
