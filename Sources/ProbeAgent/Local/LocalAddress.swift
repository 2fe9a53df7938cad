import ProbeNative

/// Where a local server listens.
public enum LocalAddress: Sendable, Hashable, CustomStringConvertible {
    /// A socket in the file system, for its owner alone.
    case unix(path: String)
    case tcp(SocketAddress)

    /// `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`, where the host is an address or localhost. Nil for anything else.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard UnixAddress(path: path) != nil else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard let address = IPAddress(host == "localhost" ? "127.0.0.1" : host) else { return nil }
        self = .tcp(SocketAddress(address, port: port))
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let address): "\(address)"
        }
    }
}
