import COpenSSL

/// A version of TLS that this node can speak. (Debian's OpenSSL has no SSLv3.)
public enum TLSVersion: Int32, Sendable, Hashable, CaseIterable, Comparable {
    case tls10 = 0x0301
    case tls11 = 0x0302
    case tls12 = 0x0303
    case tls13 = 0x0304

    /// As parameters spell it: `1.2`.
    public var number: String { "1.\(rawValue - 0x0301)" }

    /// As OpenSSL spells it, and results: `TLSv1`, `TLSv1.1`, ...
    public var label: StaticString {
        switch self {
        case .tls10: "TLSv1"
        case .tls11: "TLSv1.1"
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        }
    }

    public var name: String { "\(label)" }

    public init?(number: String) {
        guard let version = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = version
    }

    public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}
