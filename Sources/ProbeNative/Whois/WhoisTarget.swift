/// What registries keep records of.
public enum WhoisTarget: Sendable, Hashable, CustomStringConvertible {
    /// ASCII, without a final dot.
    case domain(String)
    case address(IPAddress)
    case autonomousSystem(UInt32)

    /// Reads a domain, an address literal, or `AS` and a number. Nothing that could end a line gets through.
    public init(_ text: String) throws(InvalidInput) {
        let digits = text.dropFirst(2)
        if text.prefix(2).uppercased() == "AS", !digits.isEmpty, digits.utf8.allSatisfy(Self.isDigit) {
            guard let number = UInt32(digits) else {
                throw InvalidInput("The target \(text.quotedForMessage) is no AS number: they go to 4294967295.")
            }
            self = .autonomousSystem(number)
            return
        }
        switch try Host(text) {
        case .address(let address): self = .address(address.withoutZone)
        case .name(let name): self = .domain(name.hasSuffix(".") ? String(name.dropLast()) : name)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    public var description: String {
        switch self {
        case .domain(let name): name
        case .address(let address): address.description
        case .autonomousSystem(let number): "AS\(number)"
        }
    }
}

/// A whois server (RFC 3912).
public struct WhoisServer: Sendable, Hashable, CustomStringConvertible {
    static let port: UInt16 = 43
    /// Knows which registry has what.
    static let root = WhoisServer(name: "whois.iana.org")

    /// A name in lower case, without its final dot.
    public let host: Host
    public let port: UInt16

    private init(name: String) {
        host = .name(name)
        port = Self.port
    }

    /// Reads `host`, `host:port`, `[IPv6]:port`, or the same as a `whois://` URL, as referrals are written. Nil for
    /// anything else: rwhois and http are other protocols.
    public init?(_ text: String) {
        var text = text
        if let scheme = text.firstRange(of: "://") {
            guard text[..<scheme.lowerBound].lowercased() == "whois" else { return nil }
            text = String(text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
        }
        guard case .server(let host, let port) = DNSResolverChoice(text) else { return nil }
        if case .name(let name) = host, name.hasSuffix(".") {
            self.host = .name(String(name.dropLast()))
        } else {
            self.host = host
        }
        self.port = port ?? Self.port
    }

    public var description: String {
        if port == Self.port { return host.description }
        if case .address(let address) = host { return SocketAddress(address, port: port).description }
        return "\(host):\(port)"
    }

    /// The line that asks this server for `target`, without its CR LF. Registries differ in what they search by
    /// default, and some answer in another character set or leave half out unless they are asked properly.
    func query(for target: WhoisTarget) -> String {
        switch (host.description, target) {
        // Without "domain" it lists hosts and registrars of that name too.
        case ("whois.verisign-grs.com", .domain(let name)), ("whois.crsnic.net", .domain(let name)):
            "domain \(name)"
        case ("whois.nic.name", .domain(let name)): "domain = \(name)"
        // Whole record, name in its ASCII form.
        case ("whois.denic.de", .domain(let name)): "-T dn,ace \(name)"
        // English.
        case ("whois.jprs.jp", .domain(let name)): "\(name)/e"
        case ("whois.punktum.dk", .domain(let name)), ("whois.dk-hostmaster.dk", .domain(let name)):
            "--show-handles \(name)"
        // One full record instead of a list.
        case ("whois.arin.net", .address(let address)): "n + \(address)"
        case ("whois.arin.net", .autonomousSystem(let number)): "a + \(number)"
        default: target.description
        }
    }
}
