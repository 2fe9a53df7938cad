/// What services are usually behind ports, as services(5) has it. Read once, at the first use: the file is 13 KB, which
/// takes less than a millisecond. getservbyport(3) is not asked, because NSS may ask a directory server and block.
struct ServiceNames: Sendable {
    static let system = ServiceNames(parsing: SmallFile.read("/etc/services") ?? "")

    private var tcp: [UInt16: String]
    private var udp: [UInt16: String]

    /// Where the file has no entry, or does not exist, as in most container images.
    private static let wellKnown: [UInt16: String] = [
        21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "domain", 80: "http", 110: "pop3", 111: "sunrpc",
        123: "ntp", 143: "imap2", 161: "snmp", 389: "ldap", 443: "https", 445: "microsoft-ds", 465: "submissions",
        587: "submission", 636: "ldaps", 853: "domain-s", 993: "imaps", 995: "pop3s", 1433: "ms-sql-s", 1883: "mqtt",
        2375: "docker", 2379: "etcd-client", 3306: "mysql", 3389: "ms-wbt-server", 5060: "sip", 5432: "postgresql",
        5672: "amqp", 5900: "vnc", 6379: "redis", 6443: "kubernetes", 8080: "http-alt", 8443: "https-alt",
        9092: "kafka", 9200: "elasticsearch", 11211: "memcache", 27017: "mongodb",
    ]

    /// `ssh  22/tcp  # comment`, the first entry of a port counts.
    init(parsing text: String) {
        tcp = Self.wellKnown
        udp = Self.wellKnown
        var isSeen: Set<Substring> = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(maxSplits: 2) { $0 == " " || $0 == "\t" }
            guard words.count >= 2, isSeen.insert(words[1]).inserted else { continue }
            let parts = words[1].split(separator: "/")
            guard parts.count == 2, let port = UInt16(parts[0]) else { continue }
            if parts[1] == "tcp" { tcp[port] = String(words[0]) }
            if parts[1] == "udp" { udp[port] = String(words[0]) }
        }
    }

    func name(of port: UInt16, over transport: Gate.Transport) -> String? {
        transport == .tcp ? tcp[port] : udp[port]
    }
}
