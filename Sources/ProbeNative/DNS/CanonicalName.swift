/// A domain name as DNSSEC compares names (RFC 4034 section 6): wire form, letters in lower case, ordered by labels from
/// the right.
struct CanonicalName: Hashable, Comparable, Sendable, CustomStringConvertible {
    let wire: [UInt8]

    static let root = CanonicalName(checked: [0])

    private init(checked wire: [UInt8]) { self.wire = wire }

    init(_ name: DNSName) { self.init(checked: Self.lowered(name.wire)) }

    /// An uncompressed name and nothing behind it; nil for anything else.
    init?(wire bytes: some Collection<UInt8>) {
        let wire = Self.lowered(bytes)
        var index = 0
        while index < wire.count, wire[index] != 0 {
            guard wire[index] <= 63 else { return nil }
            index += Int(wire[index]) + 1
        }
        guard index == wire.count - 1, wire.count <= 255 else { return nil }
        self.init(checked: wire)
    }

    private static func lowered(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        // Length bytes are at most 63, below every letter.
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// From the left, without the root's.
    var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var index = 0
        while wire[index] != 0 {
            let end = index + 1 + Int(wire[index])
            labels.append(wire[(index + 1)..<end])
            index = end
        }
        return labels
    }

    var labelCount: Int { labels.count }
    var isWildcard: Bool { wire.starts(with: [1, UInt8(ascii: "*")]) }

    /// Nil for the root.
    var parent: CanonicalName? {
        wire.count > 1 ? CanonicalName(checked: Array(wire[(1 + Int(wire[0]))...])) : nil
    }

    /// The last `count` labels, or the whole name where it has no more.
    func ancestor(labels count: Int) -> CanonicalName {
        var name = self
        for _ in 0..<max(0, labelCount - count) { name = name.parent ?? .root }
        return name
    }

    /// `label` in front of it; nil when that is too long for a name.
    func child(_ label: some Collection<UInt8>) -> CanonicalName? {
        guard (1...63).contains(label.count), wire.count + label.count < 255 else { return nil }
        return CanonicalName(checked: [UInt8(label.count)] + Self.lowered(label) + wire)
    }

    var wildcardBelow: CanonicalName? { child([UInt8(ascii: "*")]) }

    func isAtOrBelow(_ other: CanonicalName) -> Bool {
        let surplus = labelCount - other.labelCount
        return surplus >= 0 && ancestor(labels: other.labelCount) == other
    }

    func isBelow(_ other: CanonicalName) -> Bool { self != other && isAtOrBelow(other) }

    func commonAncestor(with other: CanonicalName) -> CanonicalName {
        let shared = zip(labels.reversed(), other.labels.reversed()).prefix { $0 == $1 }.count
        return ancestor(labels: shared)
    }

    static func < (a: CanonicalName, b: CanonicalName) -> Bool {
        for (left, right) in zip(a.labels.reversed(), b.labels.reversed()) where left != right {
            return left.lexicographicallyPrecedes(right)
        }
        return a.labelCount < b.labelCount
    }

    /// Presentation form with its final dot (RFC 1035 section 5.1); what is not printable is `\DDD`.
    var description: String {
        guard wire.count > 1 else { return "." }
        return labels.map { $0.map(Self.text).joined() + "." }.joined()
    }

    private static func text(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: ";"):
            "\\" + String(UnicodeScalar(byte))
        case 0x21..<0x7f: String(UnicodeScalar(byte))
        default: "\\" + String(repeating: "0", count: byte < 10 ? 2 : byte < 100 ? 1 : 0) + "\(byte)"
        }
    }
}
