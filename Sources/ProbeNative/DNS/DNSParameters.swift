/// The name server that a job asks.
public enum DNSResolverChoice: Sendable, Hashable {
    /// The node's own resolv.conf.
    case system
    case server(Host, port: UInt16?)
    /// For DNS over HTTPS.
    case url(HTTPURL)

    /// An address, a name, either with `:port`; an IPv6 address with a port in brackets; an https URL. Nil for anything
    /// else.
    init?(_ text: String) {
        let bytes = text.utf8
        if bytes.prefix(8).elementsEqual("https://".utf8, by: { $0 == $1 || $0 | 0x20 == $1 }) {
            guard let url = try? HTTPURL(target: text) else { return nil }
            self = .url(url)
            return
        }
        var (host, port) = (text, UInt16?.none)
        if let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            bytes[..<colon].last == UInt8(ascii: "]") || !bytes[..<colon].contains(UInt8(ascii: ":"))
        {
            let digits = bytes[bytes.index(after: colon)...]
            guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt16(Substring(digits)), number > 0
            else { return nil }
            (host, port) = (String(text[..<colon]), number)
        }
        guard let host = try? Host(host) else { return nil }
        self = .server(host, port: port)
    }
}

public struct DNSParameters: Sendable {
    public var type = DNSRecordType.a
    public var resolver = DNSResolverChoice.system
    public var port: UInt16?
    public var transport = DNSTransport.udp
    /// With what an encrypted transport's certificate is verified, in place of the resolver's own name or address.
    public var tlsName: Host?
    public var trust: TrustStore?
    public var verifiesTLS = true
    public var options = DNSQuery.Options()
    public var retries = 1
    /// Validate, against these.
    public var anchors: TrustAnchors?
    /// Walk from these.
    public var rootHints: RootHints?

    init(_ reader: inout ParameterReader) {
        type = Self.recordType(&reader)
        resolver = Self.resolver(&reader)
        transport = Self.transport(&reader, resolver)
        port = reader.optionalInteger(
            "port", in: 1...65535, help: "port of the resolver (default: 53; tls: 853; https: 443)"
        ).map(UInt16.init)
        options.recursionDesired = reader.flag("recursive", default: true, help: "ask for recursion (RD)")
        options.wantsSignatures = reader.flag("dnssec", default: false, help: "ask for DNSSEC records (DO)")
        anchors = Self.anchors(&reader)
        rootHints = Self.rootHints(&reader)
        options.checkingDisabled = reader.flag("cd", default: false, help: "ask the resolver not to validate (CD)")
        options.udpSize = reader.integer(
            "edns_size", default: 1232, in: 0...65535, unit: "bytes",
            help: "largest UDP answer offered by EDNS, at least 512; 0: no EDNS")
        options.wantsServerIdentity = reader.flag("nsid", default: false, help: "ask for the server's identity (NSID)")
        options.clientSubnet = Self.clientSubnet(&reader)
        retries = reader.integer("retries", default: 1, in: 0...10, help: "queries sent after a silent first one")
        let recordClass = reader.optionalChoice(
            "class", of: ["IN", "CH", "HS", "ANY"], help: "class asked for", shown: "IN")
        if let recordClass {
            options.recordClass = DNSClass.allCases.first { $0.description == recordClass } ?? .internet
        }
        readSecurity(&reader)
        refuseContradictions(&reader)
        if anchors != nil {
            options.wantsSignatures = true
            // A resolver that validates would keep back what is bogus.
            options.checkingDisabled = true
        }
    }

    private static func recordType(_ reader: inout ParameterReader) -> DNSRecordType {
        let text = reader.optionalText(
            "record_type", limit: 32, help: "record type: A, AAAA, MX, TXT, ..., ANY or TYPEnnn", shown: "A")
        guard let text else { return .a }
        guard let type = DNSRecordType(text) else {
            reader.refuse("record_type", .string(text), "a DNS record type or TYPE1-TYPE65535")
            return .a
        }
        switch type {
        case .axfr, .ixfr:
            reader.refuse("record_type \(type) is a zone transfer, which this tool does not do.", code: .unsupported)
        case .opt, .tsig, .tkey:
            reader.refuse("record_type \(type) is no type that can be asked for.", code: .unsupported)
        default: break
        }
        return type
    }

    private static func resolver(_ reader: inout ParameterReader) -> DNSResolverChoice {
        let text = reader.optionalText(
            "resolver", limit: 1024,
            help: "name server: address, address:port, name or https URL (default: the system's)")
        guard let text else { return .system }
        guard let choice = DNSResolverChoice(text) else {
            reader.refuse(
                "resolver", .string(text), "an address, address:port, [IPv6]:port, a host name or an https URL")
            return .system
        }
        return choice
    }

    private static func transport(_ reader: inout ParameterReader, _ resolver: DNSResolverChoice) -> DNSTransport {
        let text = reader.optionalChoice(
            "transport", of: ["udp", "tcp", "tls", "https"], help: "how to ask", shown: "udp")
        guard case .url = resolver else { return text.flatMap(DNSTransport.init(rawValue:)) ?? .udp }
        if let text, text != DNSTransport.https.rawValue {
            reader.refuse("resolver is an https URL, which does not go with transport \(text).")
        }
        return .https
    }

    private static func anchors(_ reader: inout ParameterReader) -> TrustAnchors? {
        let validates = reader.flag(
            "validate", default: false, help: "validate the answer by DNSSEC, from a trust anchor")
        let text = reader.optionalText(
            "trust_anchor", limit: 64 << 10, multiline: true,
            help: "DS or DNSKEY records to trust, one a line (default: the root's keys)")
        guard validates else {
            if text != nil { reader.refuse("trust_anchor needs validate to be true.") }
            return nil
        }
        guard let text else { return .root }
        do throws(InvalidInput) { return try TrustAnchors(text, parameter: "trust_anchor") } catch {
            reader.refuse(error.detail)
            return nil
        }
    }

    private static func rootHints(_ reader: inout ParameterReader) -> RootHints? {
        let walks = reader.flag("trace", default: false, help: "walk from the root servers to the answer")
        let text = reader.optionalText(
            "root_hints", limit: 4096,
            help: "addresses of the servers to walk from, with :port or not, separated by commas (default: the root's)")
        guard walks else {
            if text != nil { reader.refuse("root_hints needs trace to be true.") }
            return nil
        }
        guard let text else { return .root }
        guard let hints = RootHints(text) else {
            reader.refuse("root_hints", .string(text), "addresses separated by commas")
            return nil
        }
        return hints
    }

    private static func clientSubnet(_ reader: inout ParameterReader) -> DNSClientSubnet? {
        guard
            let text = reader.optionalText(
                "client_subnet", limit: 64, help: "network to ask on behalf of: address/prefix (EDNS client subnet)")
        else { return nil }
        guard let subnet = DNSClientSubnet(text) else {
            reader.refuse("client_subnet", .string(text), "an address with a prefix length that it can have")
            return nil
        }
        return subnet
    }
}
