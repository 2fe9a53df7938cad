/// What resolv.conf(5) says.
public struct ResolverSettings: Sendable, Hashable {
    /// In the order in which they are asked.
    public var servers: [SocketAddress]
    /// Domains that short names are tried in.
    public var search: [String]
    /// A name with fewer dots is tried in the search domains first.
    public var dots = 1
    /// How long a server has to answer a query.
    public var timeout = Duration.seconds(5)
    /// Rounds through the servers.
    public var attempts = 2
    /// Begins each look-up with the next server.
    public var rotate = false
    public var transport = DNSTransport.udp
    /// What the address policy is told of the servers.
    public var purpose = Purpose.systemResolver

    public init(servers: [SocketAddress], search: [String] = []) {
        self.servers = servers
        self.search = search
    }

    /// Reads the text of resolv.conf(5) with glibc's limits: 3 servers, `ndots` to 15, `timeout` to 30 s, `attempts`
    /// to 5; the last of `domain` and `search` counts. What it does not know, it passes over, as glibc does.
    /// - Parameter hostName: its domain is searched when the file names none.
    public init(parsing text: String, hostName: String = "") {
        self.init(servers: [])
        var search: [String]?
        for line in text.split(whereSeparator: \.isNewline) where line.first != "#" && line.first != ";" {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver":
                if words.count > 1, servers.count < 3, let address = IPAddress(words[1]) {
                    servers.append(SocketAddress(address, port: 53))
                }
            case "domain": search = words.dropFirst().prefix(1).map(Self.domain)
            case "search": search = words.dropFirst().prefix(32).map(Self.domain)
            case "options": for option in words.dropFirst() { apply(option) }
            default: continue
            }
        }
        if servers.isEmpty { servers = [SocketAddress(IPAddress(v4: 0x7f00_0001), port: 53)] }
        self.search = (search ?? Self.domain(of: hostName)).filter { !$0.isEmpty }
    }

    private static func domain(_ word: some StringProtocol) -> String {
        let name = word.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    private static func domain(of hostName: String) -> [String] {
        hostName.firstIndex(of: ".").map { [domain(hostName[hostName.index(after: $0)...])] } ?? []
    }

    private mutating func apply(_ option: Substring) {
        let parts = option.split(separator: ":", maxSplits: 1)
        let number = parts.count == 2 ? Int(parts[1]) : nil
        switch (parts.first, number) {
        case ("ndots", let number?): dots = min(max(0, number), 15)
        case ("timeout", let number?): timeout = .seconds(min(max(1, number), 30))
        case ("attempts", let number?): attempts = min(max(1, number), 5)
        case ("rotate", nil): rotate = true
        case ("use-vc", nil): transport = .tcp
        default: break
        }
    }

    /// The names to ask for, in order (resolv.conf(5), `ndots`). A final dot means: as it is, and nothing else.
    func candidates(for name: String) -> [String] {
        if name.hasSuffix(".") { return [String(name.dropLast())] }
        let searched = search.map { "\(name).\($0)" }
        let dots = name.utf8.count { $0 == UInt8(ascii: ".") }
        return dots >= self.dots ? [name] + searched : searched + [name]
    }
}

/// Where the resolver gets its settings from.
public struct ResolverConfiguration: Sendable, Hashable {
    public enum Settings: Sendable, Hashable {
        /// A file in the form of resolv.conf(5), read again when it changes.
        case file(String)
        case fixed(ResolverSettings)
    }

    public var settings: Settings
    /// A file in the form of hosts(5), read again when it changes; nil: none.
    public var hostsFile: String?

    public init(settings: Settings, hostsFile: String? = nil) {
        self.settings = settings
        self.hostsFile = hostsFile
    }

    public static let system = ResolverConfiguration(settings: .file("/etc/resolv.conf"), hostsFile: "/etc/hosts")
}
