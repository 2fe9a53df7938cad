/// The name server that a job asks.
public enum DNSResolverChoice: Sendable, Hashable {
    /// The node's own resolv.conf.
    case system
    case server(Host, port: UInt16?)

    /// An address, a name, either with `:port`; an IPv6 address with a port in brackets. Nil for anything else.
    init?(_ text: String) {
        var (host, port) = (text, UInt16?.none)
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        if let colon = text.lastIndex(of: ":"), colons == 1 || text[..<colon].hasSuffix("]") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt16(digits), number > 0
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
    public var options = DNSQuery.Options()
    public var retries = 1

    init(_ reader: inout ParameterReader) {
        type = Self.recordType(&reader)
        resolver = Self.resolver(&reader)
        transport = Self.transport(&reader)
        port = reader.optionalInteger("port", in: 1...65535, help: "port of the resolver (default: 53)").map(
            UInt16.init)
        options.recursionDesired = reader.flag("recursive", default: true, help: "ask for recursion (RD)")
        options.wantsSignatures = reader.flag("dnssec", default: false, help: "ask for DNSSEC records (DO)")
        options.checkingDisabled = reader.flag("cd", default: false, help: "ask the resolver not to validate (CD)")
        options.udpSize = reader.integer(
            "edns_size", default: 1232, in: 0...65535, unit: "bytes",
            help: "largest UDP answer offered by EDNS, at least 512; 0: no EDNS")
        retries = reader.integer("retries", default: 1, in: 0...10, help: "queries sent after a silent first one")
        let recordClass = reader.choice("class", default: "IN", of: ["IN", "CH", "HS", "ANY"], help: "class asked for")
        options.recordClass = DNSClass.allCases.first { $0.description == recordClass } ?? .internet
        refuseWhatIsNotBuilt(&reader)
        refuseContradictions(&reader)
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
            "resolver", limit: 300, help: "name server: address, address:port or name (default: the system's)")
        guard let text else { return .system }
        guard let choice = DNSResolverChoice(text) else {
            reader.refuse("resolver", .string(text), "an address, address:port, [IPv6]:port or a host name")
            return .system
        }
        return choice
    }

    private static func transport(_ reader: inout ParameterReader) -> DNSTransport {
        let text = reader.choice("transport", default: "udp", of: ["udp", "tcp", "tls", "https"], help: "how to ask")
        guard let transport = DNSTransport(rawValue: text) else {
            reader.refuse("transport \(text) is not supported by this version: use udp or tcp.", code: .unsupported)
            return .udp
        }
        return transport
    }

    /// Never ignored: an answer that was not validated must not pass for one that was.
    private func refuseWhatIsNotBuilt(_ reader: inout ParameterReader) {
        let flags = [
            ("validate", "validate the chain of trust (not supported yet)"),
            ("trace", "walk from the root servers (not supported yet)"),
            ("nsid", "ask for the server's identity (not supported yet)"),
        ]
        for (name, help) in flags where reader.flag(name, default: false, help: help) {
            reader.refuse("\(name) is not supported by this version.", code: .unsupported)
        }
        if reader.optionalText("client_subnet", limit: 64, help: "EDNS client subnet (not supported yet)") != nil {
            reader.refuse("client_subnet is not supported by this version.", code: .unsupported)
        }
    }

    private func refuseContradictions(_ reader: inout ParameterReader) {
        if (1...511).contains(options.udpSize) {
            reader.refuse("edns_size must be 0 or from 512 to 65535, not \(options.udpSize).")
        }
        if options.wantsSignatures, options.udpSize == 0 {
            reader.refuse("dnssec needs EDNS: edns_size must not be 0.")
        }
        if case .server(_, let inline?) = resolver, let port, port != inline {
            reader.refuse("resolver names port \(inline) and port says \(port).")
        }
    }
}
