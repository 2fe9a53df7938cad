/// A response code, with the upper bits that EDNS adds (RFC 6895 section 2.3).
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let noError = DNSResponseCode(rawValue: 0)
    public static let formatError = DNSResponseCode(rawValue: 1)
    public static let serverFailure = DNSResponseCode(rawValue: 2)
    public static let nameError = DNSResponseCode(rawValue: 3)
    public static let notImplemented = DNSResponseCode(rawValue: 4)
    public static let refused = DNSResponseCode(rawValue: 5)

    private static let names = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE", "DSOTYPENI",
    ]
    /// As dig writes it: `NOERROR`, `NXDOMAIN`, `BADVERS`, `RCODE13`.
    public var description: String {
        switch rawValue {
        case 16: "BADVERS"
        case 23: "BADCOOKIE"
        case let code where code < Self.names.count: Self.names[Int(code)]
        default: "RCODE\(rawValue)"
        }
    }
}

/// The header bits of a response.
public struct DNSFlags: Sendable, Hashable {
    /// The second 16 bits of the header.
    var bits: UInt16

    public var authoritative: Bool { bits & 0x0400 != 0 }
    public var truncated: Bool { bits & 0x0200 != 0 }
    public var recursionDesired: Bool { bits & 0x0100 != 0 }
    public var recursionAvailable: Bool { bits & 0x0080 != 0 }
    public var authenticData: Bool { bits & 0x0020 != 0 }
    public var checkingDisabled: Bool { bits & 0x0010 != 0 }
}

public enum DNSSection: String, Sendable, Hashable, CaseIterable {
    case answer, authority, additional
}

/// A resource record in presentation form (RFC 1035 section 5.1, RFC 3597), as ldns writes it.
public struct DNSRecord: Sendable, Hashable {
    public var section: DNSSection
    /// Absolute, with its final dot.
    public var name: String
    public var type: String
    public var recordClass: String
    /// Seconds.
    public var ttl: Int
    public var value: String
}

/// An extended error (RFC 8914).
public struct DNSExtendedError: Sendable, Hashable {
    public var code: UInt16
    public var text: String
}

/// A decoded response. The pseudo-record OPT is not among the records.
public struct DNSAnswer: Sendable, Hashable {
    public var responseCode: DNSResponseCode
    public var flags: DNSFlags
    public var records: [DNSRecord]
    public var extendedErrors: [DNSExtendedError]
    /// The largest UDP message that the server takes; nil when it answered without EDNS.
    public var udpSize: Int?
    /// NSID, where it was asked for and given: bytes of the server's choice.
    public var serverIdentity: [UInt8]?
    public var clientSubnet: DNSClientSubnet?

    /// The identity as text, or in hex where it is none.
    public var serverIdentityText: String? {
        serverIdentity.map { bytes in
            let isText = !bytes.isEmpty && bytes.allSatisfy { (0x20..<0x7f).contains($0) }
            return isText ? String(decoding: bytes, as: UTF8.self) : "0x" + bytes.hex
        }
    }

    public func records(in section: DNSSection) -> some Sequence<DNSRecord> {
        records.lazy.filter { $0.section == section }
    }
}
