/// An EDNS option (RFC 6891 section 6.1.2): a code and its data.
struct EDNSOption: Sendable, Hashable {
    var code: UInt16
    var data: [UInt8]

    static let serverIdentity: UInt16 = 3
    static let clientSubnet: UInt16 = 8
    static let extendedError: UInt16 = 15

    var wire: [UInt8] { Self.big(code) + Self.big(UInt16(data.count)) + data }

    /// The options in the data of an OPT record; a last one that is cut off is left out.
    static func all(in data: UnsafeBufferPointer<UInt8>) -> [EDNSOption] {
        var rest = data[...]
        func number(_ offset: Int) -> Int {
            Int(rest[rest.startIndex + offset]) << 8 | Int(rest[rest.startIndex + offset + 1])
        }
        var options: [EDNSOption] = []
        while rest.count >= 4 {
            let (code, length) = (UInt16(number(0)), number(2))
            rest = rest.dropFirst(4)
            guard length <= rest.count else { break }
            options.append(EDNSOption(code: code, data: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return options
    }

    static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
}

/// The network on whose behalf is asked (RFC 7871).
public struct DNSClientSubnet: Sendable, Hashable, CustomStringConvertible {
    /// Its bits beyond the prefix are 0.
    public var address: IPAddress
    public var prefix: Int
    /// In an answer: how many bits of the address it is valid for.
    public var scope = 0

    /// `address/prefix`, or an address alone for /24 (IPv4) or /56 (IPv6), as RFC 7871 section 11.1 recommends; `0` or
    /// `0.0.0.0/0` asks a resolver to leave the client's network out.
    init?(_ text: String) {
        let text = text == "0" ? "0.0.0.0/0" : text
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])), address.zone == 0 else { return nil }
        let bits = address.bytes.count * 8
        var prefix = address.family == .v4 ? 24 : 56
        if parts.count == 2 {
            guard let number = Int(parts[1]), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            prefix = number
        }
        guard (0...bits).contains(prefix) else { return nil }
        self.init(address, prefix: prefix)
    }

    private init?(_ address: IPAddress, prefix: Int, scope: Int = 0) {
        let kept = address.bytes.enumerated().map { index, byte in
            let bits = min(8, max(0, prefix - index * 8))
            return byte & ~UInt8(truncatingIfNeeded: 0xff >> bits)
        }
        guard let network = IPAddress(bytes: kept) else { return nil }
        self.address = network
        self.prefix = prefix
        self.scope = scope
    }

    /// What an answer repeats; nil when it is malformed.
    init?(option data: [UInt8]) {
        guard data.count >= 4 else { return nil }
        let family = Int(data[0]) << 8 | Int(data[1])
        let size = family == 1 ? 4 : family == 2 ? 16 : 0
        let bytes = Array(data.dropFirst(4))
        guard size > 0, bytes.count <= size, Int(data[2]) <= size * 8,
            let address = IPAddress(bytes: bytes + [UInt8](repeating: 0, count: size - bytes.count))
        else { return nil }
        self.init(address, prefix: Int(data[2]), scope: Int(data[3]))
    }

    /// Only as many bytes of the address as the prefix needs (RFC 7871 section 6).
    var option: EDNSOption {
        let family: UInt16 = address.family == .v4 ? 1 : 2
        let bytes = address.bytes.prefix((prefix + 7) / 8)
        return EDNSOption(
            code: EDNSOption.clientSubnet, data: EDNSOption.big(family) + [UInt8(prefix), 0] + bytes)
    }

    /// As dig writes it: `192.0.2.0/24/0`, the last number being the scope.
    public var description: String { "\(address)/\(prefix)/\(scope)" }
}

extension DNSExtendedError {
    init?(option data: [UInt8]) {
        guard data.count >= 2 else { return nil }
        code = UInt16(data[0]) << 8 | UInt16(data[1])
        text = String(decoding: data.dropFirst(2), as: UTF8.self)
    }

    /// The purpose of the code in IANA's registry "Extended DNS Error Codes"; nil for one that is not in it.
    public var name: String? { code < Self.names.count ? Self.names[Int(code)] : nil }

    private static let names = [
        "Other", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer", "Forged Answer",
        "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired", "Signature Not Yet Valid", "DNSKEY Missing",
        "RRSIGs Missing", "No Zone Key Bit Set", "NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored",
        "Filtered", "Prohibited", "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported",
        "No Reachable Authority", "Network Error", "Invalid Data", "Signature Expired before Valid", "Too Early",
        "Unsupported NSEC3 Iterations Value", "Unable to conform to policy", "Synthesized",
        "Invalid Query Type",
    ]
}
