/// The way of one hop.
struct HTTPRoute: Sendable {
    /// What the socket is connected to: the proxy, or the URL's host.
    var connect: SocketAddress
    /// The URL's host; nil where the proxy looks it up.
    var target: SocketAddress?
    var proxy: HTTPProxy?

    /// For sentences: who is at the other end of the socket.
    var peer: String { proxy.map { "The proxy \($0.text)" } ?? "\(connect)" }
}

extension IPAddress {
    /// As it stands in a URL, without a zone.
    var literal: String {
        let bare = IPAddress(bytes: bytes) ?? self
        return family == .v4 ? "\(bare)" : "[\(bare)]"
    }
}
