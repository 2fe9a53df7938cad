import CLdns

/// The type of a resource record (IANA "Resource Record (RR) TYPEs").
public struct DNSRecordType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let a = DNSRecordType(rawValue: 1)
    static let ns = DNSRecordType(rawValue: 2)
    public static let cname = DNSRecordType(rawValue: 5)
    public static let soa = DNSRecordType(rawValue: 6)
    public static let ptr = DNSRecordType(rawValue: 12)
    public static let aaaa = DNSRecordType(rawValue: 28)
    static let dname = DNSRecordType(rawValue: 39)
    static let opt = DNSRecordType(rawValue: 41)
    static let ds = DNSRecordType(rawValue: 43)
    static let rrsig = DNSRecordType(rawValue: 46)
    static let nsec = DNSRecordType(rawValue: 47)
    static let dnskey = DNSRecordType(rawValue: 48)
    static let nsec3 = DNSRecordType(rawValue: 50)
    static let tkey = DNSRecordType(rawValue: 249)
    static let tsig = DNSRecordType(rawValue: 250)
    static let ixfr = DNSRecordType(rawValue: 251)
    static let axfr = DNSRecordType(rawValue: 252)
    static let any = DNSRecordType(rawValue: 255)

    /// A mnemonic that ldns knows, in any case, or `TYPE` and a number (RFC 3597 section 5).
    public init?(_ text: String) {
        let text = text.uppercased()
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        if text.hasPrefix("TYPE") {
            // ldns reads TYPE12X as 12 and TYPE70000 as 70000.
            let digits = text.dropFirst(4)
            guard digits.allSatisfy(\.isNumber), let number = UInt16(digits), number > 0 else { return nil }
            self.init(rawValue: number)
            return
        }
        let number = ldns_get_rr_type_by_name(text).rawValue
        guard number > 0, number <= UInt16.max else { return nil }
        self.init(rawValue: UInt16(number))
    }

    public var description: String {
        switch self {
        case .a: return "A"
        case .aaaa: return "AAAA"
        default:
            guard let text = ldns_rr_type2str(ldns_rr_type(UInt32(rawValue))) else { return "TYPE\(rawValue)" }
            defer { probe_ldns_free(text) }
            return String(cString: text)
        }
    }
}

/// The class of a resource record.
public enum DNSClass: UInt16, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case internet = 1
    case chaos = 3
    case hesiod = 4
    case any = 255

    public var description: String {
        switch self {
        case .internet: "IN"
        case .chaos: "CH"
        case .hesiod: "HS"
        case .any: "ANY"
        }
    }
}
