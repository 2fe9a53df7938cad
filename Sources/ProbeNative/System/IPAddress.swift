#if canImport(Glibc)
    import Glibc
#endif

/// An IPv4 or IPv6 address, with the zone of a link-local one.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Int, Sendable, Hashable, CaseIterable {
        case v4 = 4
        case v6 = 6

        /// AF_INET or AF_INET6.
        public var domain: Int32 { self == .v4 ? AF_INET : AF_INET6 }
    }

    public let family: Family
    /// The address in network byte order read as one big-endian number; an IPv4 address in the low 32 bits.
    public let high: UInt64
    public let low: UInt64
    /// Interface index of a link-local address, 0 for none.
    public let zone: UInt32

    public init(v4: UInt32) {
        family = .v4
        high = 0
        low = UInt64(v4)
        zone = 0
    }

    public init(v6High: UInt64, low: UInt64, zone: UInt32 = 0) {
        family = .v6
        high = v6High
        self.low = low
        self.zone = zone
    }

    /// 4 or 16 bytes in network order; nil for any other length.
    public init?(bytes: some Collection<UInt8>, zone: UInt32 = 0) {
        func number(_ slice: some Sequence<UInt8>) -> UInt64 { slice.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(v4: UInt32(number(bytes)))
        case 16: self.init(v6High: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)), zone: zone)
        default: return nil
        }
    }

    /// Dotted decimal or RFC 4291 text, brackets and `%zone` allowed. No other spelling of a number is an address here
    /// (inet_pton(3), not inet_aton(3)).
    public init?(_ text: some StringProtocol) {
        var body = Substring(String(text))
        if body.utf8.first == UInt8(ascii: "["), body.utf8.last == UInt8(ascii: "]") {
            body = body.dropFirst().dropLast()
        }
        // Most texts are names or IPv4 addresses: neither needs the general way.
        if let v4 = Self.dottedDecimal(body.utf8) {
            self.init(v4: v4)
        } else if body.utf8.contains(UInt8(ascii: ":")) {
            self.init(v6: body)
        } else {
            return nil
        }
    }

    /// Four numbers without leading zeros, as inet_pton(3) takes them.
    private static func dottedDecimal(_ text: Substring.UTF8View) -> UInt32? {
        var (address, part, digits, dots): (UInt32, UInt32, Int, Int) = (0, 0, 0, 0)
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if digits > 0, part == 0 { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                if part > 255 { return nil }
            case UInt8(ascii: "."):
                if digits == 0 || dots == 3 { return nil }
                address = address << 8 | part
                (part, digits, dots) = (0, 0, dots + 1)
            default: return nil
            }
        }
        return digits > 0 && dots == 3 ? address << 8 | part : nil
    }

    private init?(v6 text: Substring) {
        var body = text
        var zone: UInt32 = 0
        if let percent = body.firstIndex(of: "%") {
            let name = String(body[body.index(after: percent)...])
            zone = UInt32(name) ?? if_nametoindex(name)
            guard zone != 0 else { return nil }
            body = body[..<percent]
        }
        guard body.utf8.count <= 45, !body.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, String(body), &bytes) == 1 else { return nil }
        self.init(bytes: bytes, zone: zone)
    }

    /// 4 or 16 bytes in network order.
    public var bytes: [UInt8] {
        func spread(_ word: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * (count - 1 - $0))) }
        }
        return family == .v4 ? spread(low, 4) : spread(high, 8) + spread(low, 8)
    }

    /// As DNS knows it: a zone means something on this host only.
    public var withoutZone: IPAddress { zone == 0 ? self : IPAddress(v6High: high, low: low) }

    public var isLoopback: Bool {
        family == .v4 ? low >> 24 == 127 : high == 0 && low == 1
    }
}

extension IPAddress: CustomStringConvertible {
    /// Canonical text (RFC 5952 for IPv6) with `%zone` where there is one.
    public var description: String {
        if family == .v4 {
            return "\(low >> 24).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
        let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard zone != 0 else { return address }
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(zone, &name) != nil else { return "\(address)%\(zone)" }
        return address + "%" + String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
