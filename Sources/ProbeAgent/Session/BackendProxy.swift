import FoundationEssentials
import ProbeNative

/// A proxy between the node and its backend. It looks the backend's name up itself.
public struct BackendProxy: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        /// CONNECT (RFC 9110 section 9.3.6), for plain and encrypted backends alike.
        case http
        /// RFC 1928 without authentication, the only kind that NIOSOCKS has.
        case socks5
    }

    public var kind: Kind
    /// A name, or an address without brackets.
    public var host: String
    public var port: Int
    /// `user:password` in base64, as Proxy-Authorization has it (RFC 7617).
    var credentials: Secret?

    static let allowed =
        "http://[USER:PASSWORD@]HOST[:PORT], or socks5://HOST[:PORT] without a password; the port is 1080 if not given"

    /// `http://[USER:PASSWORD@]HOST[:PORT]` or `socks5://HOST[:PORT]`; nil when it is neither. `socks5h` is the same as
    /// `socks5`; no scheme means `http`, no port 1080 as with curl.
    public init?(_ text: String) {
        guard let proxy = try? HTTPProxy(text) else { return nil }
        switch proxy.kind {
        case .http: kind = .http
        case .socks5, .socks5h:
            guard proxy.username == nil, proxy.password == nil else { return nil }
            kind = .socks5
        case .https: return nil
        }
        host = proxy.host.description
        port = Int(proxy.port)
        if proxy.username != nil || proxy.password != nil {
            let pair = "\(proxy.username ?? ""):\(proxy.password ?? "")"
            credentials = Secret(Array(pair.utf8).base64)
        }
    }

    /// Without its credentials.
    public var description: String { "\(kind.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// Whether the backend is reached through a proxy.
public enum ProxyChoice: Sendable, Hashable {
    /// As HTTPS_PROXY, ALL_PROXY, NO_PROXY and their like say.
    case environment
    case direct
    case proxy(BackendProxy)

    init?(_ text: String) {
        if text == "none" {
            self = .direct
        } else if let proxy = BackendProxy(text) {
            self = .proxy(proxy)
        } else {
            return nil
        }
    }

    var proxy: BackendProxy? { if case .proxy(let proxy) = self { proxy } else { nil } }
}
