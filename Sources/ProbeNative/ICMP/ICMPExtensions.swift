/// One entry of the label stack that a packet had when its TTL ran out (RFC 4950).
public struct MPLSLabel: Sendable, Hashable {
    /// 20 bits.
    public var label: Int
    /// The traffic class, once called experimental: 3 bits.
    public var experimental: Int
    public var isBottom: Bool
    public var ttl: Int
}

/// Multi-part ICMP messages (RFC 4884).
enum ICMPExtensions {
    /// Where extensions stand when the length field is 0: behind 128 bytes of quotation (RFC 4884 5.5).
    private static let legacyOffset = 128

    /// What is behind the ICMP header, parted into the quoted packet and the extension objects. A length of 0 may
    /// come from a router that sends extensions in the old way: they count only with a checksum that holds.
    static func split(_ bytes: WireBytes, _ length: Int?) -> (quotation: WireBytes, objects: [UInt8]) {
        guard let length else { return (bytes, []) }
        let isLegacy = length == 0
        let offset = isLegacy ? legacyOffset : length
        guard let structure = bytes.dropping(offset), let objects = objects(structure, mustHaveChecksum: isLegacy)
        else { return (bytes, []) }
        return (bytes.prefix(offset), objects)
    }

    /// The objects of a message of which only a later part is known: what is `skipped` bytes behind the ICMP header (a
    /// socket's error queue has what follows the quoted packet's headers). Its length field is not, so they are looked
    /// for where all routers put them that quote as little as they may.
    static func objects(in rest: WireBytes, skipped: Int) -> [UInt8] {
        rest.dropping(legacyOffset - skipped).flatMap { objects($0, mustHaveChecksum: true) } ?? []
    }

    /// Version 2 and, unless the checksum is 0 (not sent), a checksum that holds (RFC 4884 7).
    private static func objects(_ structure: WireBytes, mustHaveChecksum: Bool) -> [UInt8]? {
        guard structure.count > 4, let first = structure.byte(0), first >> 4 == 2, let checksum = structure.half(2),
            checksum == 0 ? !mustHaveChecksum : structure.onesSum() == 0xffff
        else { return nil }
        return structure.dropping(4)?.array
    }

    /// The label stack among the objects (class 1, type 1), outermost first; empty where there is none.
    static func labels(_ objects: [UInt8]) -> [MPLSLabel] {
        objects.withUnsafeBytes { raw in
            var rest = WireBytes(raw)
            // Each object takes at least its header, so this ends.
            while let length = rest.half(0), length >= 4, Int(length) <= rest.count {
                if rest.byte(2) == 1, rest.byte(3) == 1 { return entries(rest.prefix(Int(length))) }
                guard let next = rest.dropping(Int(length)) else { break }
                rest = next
            }
            return []
        }
    }

    private static func entries(_ object: WireBytes) -> [MPLSLabel] {
        stride(from: 4, to: object.count, by: 4).compactMap { offset in
            object.word(offset).map {
                MPLSLabel(
                    label: Int($0 >> 12), experimental: Int($0 >> 9 & 7), isBottom: $0 >> 8 & 1 == 1,
                    ttl: Int($0 & 255))
            }
        }
    }
}
