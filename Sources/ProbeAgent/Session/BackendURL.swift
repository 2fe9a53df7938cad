import FoundationEssentials
import ProbeNative

/// Where the node connects, read from a base URL (docs/wire-protocol.md, "Where to connect").
public struct BackendURL: Sendable, Hashable, CustomStringConvertible {
    public var isEncrypted: Bool
    /// A name, or an address without brackets.
    public var host: String
    public var port: Int
    /// Path of the WebSocket, with its leading slash.
    public var path: String

    /// `http` and `ws` are plain, `https` and `wss` encrypted; no scheme means `https`. To the base of an http(s) URL
    /// `/ws/node` is added; a ws(s) URL is taken as it is.
    ///
    /// The API key would travel in the clear over plain `ws`: it is refused to anything but a loopback address unless
    /// `allowsPlaintext`.
    public init(_ text: String, allowsPlaintext: Bool = false) throws(InvalidInput) {
        let full = text.contains("://") ? text : "https://" + text
        guard let components = URLComponents(string: full), let scheme = components.scheme?.lowercased(),
            let host = components.host?.droppingBrackets, !host.isEmpty
        else { throw InvalidInput("\(text.quotedForMessage) is not a URL with a host.") }
        guard let kind = Self.schemes[scheme] else {
            throw InvalidInput(
                "The backend's URL must begin with https, http, wss or ws, not \(scheme.quotedForMessage).")
        }
        if components.user != nil || components.password != nil {
            throw InvalidInput("The backend's URL must not hold a user name or password.")
        }
        if components.query != nil || components.fragment != nil {
            throw InvalidInput("The backend's URL must end with its path, without \"?\" or \"#\".")
        }
        if let port = components.port, !(1...65535).contains(port) {
            throw InvalidInput("The backend's port must be from 1 to 65535, not \(port).")
        }
        guard let parsed = try? Host(host) else {
            throw InvalidInput("\(host.quotedForMessage) is neither a host name nor an IP address.")
        }
        var base = Substring(components.percentEncodedPath)
        while base.hasSuffix("/") { base = base.dropLast() }
        isEncrypted = kind.isEncrypted
        self.host = parsed.description
        port = components.port ?? (kind.isEncrypted ? 443 : 80)
        path = kind.isBase ? base + "/ws/node" : (base.isEmpty ? "/" : String(base))
        if !isEncrypted, !allowsPlaintext, !parsed.isLoopback {
            throw InvalidInput(
                "Plain \(scheme) to \(host) would send the API key in the clear: use https, or --allow-plaintext if the "
                    + "network in between is trusted.")
        }
    }

    private static let schemes: [String: (isEncrypted: Bool, isBase: Bool)] = [
        "http": (false, true), "https": (true, true), "ws": (false, false), "wss": (true, false),
    ]

    /// The URL of the WebSocket.
    public var description: String { "\(isEncrypted ? "wss" : "ws")://\(authority)\(path)" }

    /// The path of one of the backend's HTTP calls: below the base that `/ws/node` was added to. A WebSocket at another
    /// path says nothing of a base; then it is the root.
    func path(of call: String) -> String { (path.hasSuffix("/ws/node") ? path.dropLast("/ws/node".count) : "") + call }

    /// Host and port as the HTTP Host field wants them: the port only where it is not the scheme's own.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension ProbeNative.Host {
    fileprivate var isLoopback: Bool {
        switch self {
        case .address(let address): address.isLoopback
        // Not *.localhost: glibc asks the DNS for those.
        case .name(let name): name == "localhost" || name == "localhost."
        }
    }
}

extension String {
    fileprivate var droppingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
