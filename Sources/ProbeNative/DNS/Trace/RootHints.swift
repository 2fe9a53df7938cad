/// The servers that a walk begins at.
public struct RootHints: Sendable, Hashable {
    public struct Server: Sendable, Hashable {
        /// Nil where only the address is known.
        public var name: String?
        public var addresses: [IPAddress]
        public var port: UInt16?
    }

    public let servers: [Server]

    /// The root's own (IANA's named.root of 2024).
    public static let root = RootHints(
        checked: [
            ("a", "198.41.0.4", "2001:503:ba3e::2:30"), ("b", "170.247.170.2", "2801:1b8:10::b"),
            ("c", "192.33.4.12", "2001:500:2::c"), ("d", "199.7.91.13", "2001:500:2d::d"),
            ("e", "192.203.230.10", "2001:500:a8::e"), ("f", "192.5.5.241", "2001:500:2f::f"),
            ("g", "192.112.36.4", "2001:500:12::d0d"), ("h", "198.97.190.53", "2001:500:1::53"),
            ("i", "192.36.148.17", "2001:7fe::53"), ("j", "192.58.128.30", "2001:503:c27::2:30"),
            ("k", "193.0.14.129", "2001:7fd::1"), ("l", "199.7.83.42", "2001:500:9f::42"),
            ("m", "202.12.27.33", "2001:dc3::35"),
        ].map { letter, v4, v6 in
            Server(name: "\(letter).root-servers.net.", addresses: [v4, v6].compactMap { IPAddress($0) })
        })

    private init(checked servers: [Server]) { self.servers = servers }

    /// Addresses separated by commas or spaces, each with `:port` or not; nil when one is none, or there are more than 32.
    init?(_ text: String) {
        let parts = text.split { $0 == "," || $0 == " " }
        guard (1...32).contains(parts.count) else { return nil }
        var servers: [Server] = []
        for part in parts {
            guard case .server(.address(let address), let port)? = DNSResolverChoice(String(part)) else { return nil }
            servers.append(Server(addresses: [address], port: port))
        }
        self.init(checked: servers)
    }
}
