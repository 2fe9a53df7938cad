/// The blocks that are special, after the IANA registries of RFC 6890, and the addresses where clouds serve metadata.
enum SpecialAddress {
    /// What an address of the block is, to stand in "X is ...", and whether it is merely private.
    struct Entry: Sendable {
        var block: AddressBlock
        var meaning: String
        var isPrivate = false
    }

    /// Nil for an ordinary address.
    static func entry(for address: IPAddress) -> Entry? {
        let table = address.family == .v4 ? v4 : v6
        if let entry = table.first(where: { $0.block.contains(address) }) { return entry }
        // All that IANA has given out is in 2000::/3; what carries IPv4 is judged by what it carries.
        guard address.family == .v6, address.high >> 61 != 1, !address.isOnlyCarrier else { return nil }
        return Entry(block: everything, meaning: "a reserved address")
    }

    private static let everything = block("::/0")

    private static let v4: [Entry] =
        entries(
            "a cloud's metadata address",
            ["169.254.169.254/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"])
        + entries("an unspecified address", ["0.0.0.0/8"])
        + entries("a loopback address", ["127.0.0.0/8"])
        + entries("a link-local address", ["169.254.0.0/16"])
        + entries("a multicast address", ["224.0.0.0/4"])
        + entries("the broadcast address", ["255.255.255.255/32"])
        + entries(
            "a reserved address",
            [
                "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            ])
        + entries(
            "a private address", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"],
            isPrivate: true)

    private static let v6: [Entry] =
        entries("a cloud's metadata address", ["fd00:ec2::254/128", "fd20:ce::254/128", "fd00:42::42/128"])
        + entries("an unspecified address", ["::/128"])
        + entries("a loopback address", ["::1/128"])
        + entries("a link-local address", ["fe80::/10"])
        + entries("a multicast address", ["ff00::/8"])
        + entries("a reserved address", ["2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20"])
        + entries("a private address", ["fc00::/7", "fec0::/10"], isPrivate: true)

    private static func entries(_ meaning: String, _ blocks: [String], isPrivate: Bool = false) -> [Entry] {
        blocks.map { Entry(block: block($0), meaning: meaning, isPrivate: isPrivate) }
    }

    private static func block(_ text: String) -> AddressBlock {
        guard let block = AddressBlock(text) else { preconditionFailure("\(text) is no block") }
        return block
    }
}

extension IPAddress {
    /// The IPv4 addresses inside an IPv6 address, where a gateway or a tunnel would send its packets.
    var embedded: [IPAddress] {
        guard family == .v6 else { return [] }
        let last = IPAddress(v4: UInt32(truncatingIfNeeded: low))
        // Compatible (RFC 4291 section 2.5.5.1), but for `::` and `::1`.
        if high == 0, low >> 32 == 0 { return low > 1 ? [last] : [] }
        if isOnlyCarrier { return [last] }
        // 6to4, RFC 3056 section 2.
        if high >> 48 == 0x2002 { return [IPAddress(v4: UInt32(truncatingIfNeeded: high >> 16))] }
        // Teredo, RFC 4380 section 4: the server, and the client with its bits turned.
        if high >> 32 == 0x2001_0000 {
            return [
                IPAddress(v4: UInt32(truncatingIfNeeded: high)), IPAddress(v4: ~UInt32(truncatingIfNeeded: low)),
            ]
        }
        // ISATAP, RFC 5214 section 6.1, with whatever universal and group bits.
        if low >> 32 & ~0x0300_0000 == 0x5efe { return [last] }
        return []
    }

    /// Mapped (RFC 4291 section 2.5.5.2), translated (RFC 2765 section 2.1) or NAT64 (RFC 6052 section 2.1).
    var isOnlyCarrier: Bool {
        guard family == .v6 else { return false }
        return high == 0 && (low >> 32 == 0xffff || low >> 32 == 0xffff_0000)
            || high == 0x0064_ff9b_0000_0000 && low >> 32 == 0
    }
}
