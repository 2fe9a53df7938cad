/// A domain name, absolute, as it goes into a question. Wider than a host name (RFC 2181 section 11): the root,
/// underscores, a wildcard, the slashes of RFC 2317. The case is kept as typed.
public struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// Labels with their lengths, uncompressed (RFC 1035 section 3.1).
    public let wire: [UInt8]
    /// With its final dot.
    public let description: String

    public static let root = DNSName(wire: [0], text: ".")

    private init(wire: [UInt8], text: String) {
        self.wire = wire
        description = text
    }

    /// Reads a name with or without its final dot; labels beyond ASCII go through IDNA 2008 with UTS #46 mapping.
    /// Refused: control characters, spaces, a leading `-`, characters that no name in use has, empty or overlong labels.
    public init(_ text: String) throws(InvalidInput) {
        if let plain = Self(plain: text) {
            self = plain
            return
        }
        guard !text.isEmpty else { throw InvalidInput("The target is empty.") }
        guard text.utf8.count <= 1024 else { throw Self.tooLong(text) }
        if text.hasSpacesOrControls {
            throw InvalidInput("The target \(text.quotedForMessage) has spaces or control characters in it.")
        }
        if text.hasPrefix("-") { throw InvalidInput("The target \(text.quotedForMessage) begins with \"-\".") }
        if text == "." {
            self = .root
            return
        }
        var labels = text.unicodeScalars.split(omittingEmptySubsequences: false, whereSeparator: Self.isDot)
        if labels.last?.isEmpty == true { labels.removeLast() }
        var wire: [UInt8] = []
        var ascii = ""
        for label in labels {
            let label = try Self.asciiLabel(String(label), of: text)
            wire.append(UInt8(label.utf8.count))
            wire.append(contentsOf: label.utf8)
            ascii += label + "."
        }
        wire.append(0)
        guard wire.count <= 255 else { throw Self.tooLong(text) }
        self.init(wire: wire, text: ascii)
    }

    /// Labels of ASCII letters, digits, `-`, `_` and `/`, as nearly every name is; nil for any other text, good or bad.
    private init?(plain text: String) {
        let count = text.utf8.count
        guard (1...254).contains(count), text.utf8.first != UInt8(ascii: "-") else { return nil }
        var (length, isGood) = (0, true)
        let wire = [UInt8](unsafeUninitializedCapacity: count + 2) { wire, used in
            // The length byte of the label that is being read, and the place of the next byte.
            var (head, next) = (0, 1)
            for byte in text.utf8 {
                if Self.isNameByte(byte) {
                    wire[next] = byte
                } else if byte == UInt8(ascii: "."), (1...63).contains(next - head - 1) {
                    wire[head] = UInt8(next - head - 1)
                    head = next
                } else {
                    isGood = false
                    return
                }
                next += 1
            }
            length = next - head - 1
            guard length <= 63 else {
                isGood = false
                return
            }
            wire[head] = UInt8(length)
            // Behind a final dot the empty label is the root's.
            if length > 0 {
                wire[next] = 0
                next += 1
            }
            used = next
        }
        guard isGood, wire.count <= 255 else { return nil }
        self.init(wire: wire, text: length > 0 ? text + "." : text)
    }

    init(_ name: CanonicalName) { self.init(wire: name.wire, text: name.description) }

    /// A name that is ASCII already (`Host`'s, `in-addr.arpa`'s); nil when a label or the whole is empty or too long.
    init?(ascii text: String) {
        var wire: [UInt8] = []
        let body = text.hasSuffix(".") ? text.dropLast() : Substring(text)
        for label in body.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count) else { return nil }
            wire.append(UInt8(label.count))
            wire.append(contentsOf: label)
        }
        wire.append(0)
        guard wire.count <= 255 else { return nil }
        self.init(wire: wire, text: body + ".")
    }

    private static func tooLong(_ text: String) -> InvalidInput {
        InvalidInput("The target \(text.quotedForMessage) is longer than a domain name can be (253 characters).")
    }

    /// The full stops that IDNA takes as separators (UTS #46 section 2.3).
    private static func isDot(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "\u{3002}" || scalar == "\u{ff0e}" || scalar == "\u{ff61}"
    }

    private static func asciiLabel(_ label: String, of text: String) throws(InvalidInput) -> String {
        let ascii = try IDNA.ascii(label, of: text)
        guard (1...63).contains(ascii.utf8.count) else {
            throw InvalidInput("The target \(text.quotedForMessage) has an empty label or one over 63 characters.")
        }
        guard ascii == "*" || ascii.utf8.allSatisfy(isNameByte) else {
            throw InvalidInput("The target \(text.quotedForMessage) has characters that no domain name has.")
        }
        return ascii
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

extension IPAddress {
    /// Its name under in-addr.arpa (RFC 1035 section 3.5) or ip6.arpa (RFC 3596 section 2.5).
    public var reverseName: DNSName {
        let text: String
        if family == .v4 {
            text = bytes.reversed().map { "\($0)." }.joined() + "in-addr.arpa"
        } else {
            let digits = bytes.reversed().map { "\(String($0 & 15, radix: 16)).\(String($0 >> 4, radix: 16))." }
            text = digits.joined() + "ip6.arpa"
        }
        return DNSName(ascii: text) ?? .root
    }
}

/// What the dns tool is asked about: a name, or an address for PTR.
public enum DNSTarget: Sendable, Hashable, CustomStringConvertible {
    case name(DNSName)
    case address(IPAddress)

    public init(_ text: String) throws(InvalidInput) {
        if let address = IPAddress(text) {
            self = .address(address)
        } else {
            self = .name(try DNSName(text))
        }
    }

    public var description: String {
        switch self {
        case .name(let name): name.description
        case .address(let address): address.description
        }
    }
}
