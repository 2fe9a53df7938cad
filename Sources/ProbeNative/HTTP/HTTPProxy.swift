import CCurl

/// A proxy that a job goes through.
public struct HTTPProxy: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// CONNECT for https, the whole URL in the request line for http (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2).
        case http, https
        /// RFC 1928; the node looks the URL's host up.
        case socks5
        /// RFC 1928; the proxy looks it up.
        case socks5h

        var isSOCKS: Bool { self == .socks5 || self == .socks5h }
        /// Where the URL names none: curl's.
        var defaultPort: UInt16 { self == .https ? 443 : 1080 }
    }

    public var kind: Kind
    public var host: Host
    public var port: UInt16
    public var username: String?
    public var password: String?

    /// Without credentials.
    public var text: String {
        if case .address(let address) = host, address.family == .v6 { return "\(kind)://[\(host)]:\(port)" }
        return "\(kind)://\(host):\(port)"
    }

    /// - Throws: a sentence that does not quote the URL, which may hold a password.
    public init(_ text: String) throws(InvalidInput) {
        guard let url = CurlURL() else {
            throw InvalidInput("There is no memory for proxy.", code: .localResourceExhausted)
        }
        guard text.utf8.count <= 2048, url.read(proxy: text.contains("://") ? text : "http://" + text),
            let kind = url.get(CURLUPART_SCHEME).flatMap(Kind.init(rawValue:))
        else { throw Self.refusal }
        self.kind = kind
        do throws(InvalidInput) { host = try HTTPURL.host(of: url) } catch {
            throw InvalidInput("proxy has a host that is none: \(error.detail)")
        }
        guard (url.get(CURLUPART_PATH) ?? "/") == "/", url.get(CURLUPART_QUERY) == nil else { throw Self.refusal }
        let number = url.get(CURLUPART_PORT).map(UInt16.init) ?? kind.defaultPort
        guard let port = number, port > 0 else { throw InvalidInput("proxy must have a port from 1 to 65535.") }
        self.port = port
        username = url.get(CURLUPART_USER, UInt32(CURLU_URLDECODE))
        password = url.get(CURLUPART_PASSWORD, UInt32(CURLU_URLDECODE))
        // RFC 1929 has one byte for their lengths; in a Basic field (RFC 7617) a colon ends the name.
        guard (username ?? "").utf8.count <= 255, (password ?? "").utf8.count <= 255,
            username?.contains(":") != true
        else { throw InvalidInput("proxy has a user or password that is too long, or a user with a colon.") }
    }

    private static let refusal = InvalidInput(
        "proxy must be http://, https://, socks5:// or socks5h:// with a host and a port, such as "
            + "http://user:password@proxy.example:3128.")

    /// Whether requests for `url` go through a tunnel, so that the proxy cannot see them.
    func tunnels(_ url: HTTPURL) -> Bool { kind.isSOCKS || url.isSecure }
}
