/// A target that names a host: an address literal, or a name in its ASCII (IDNA) form.
public enum Host: Sendable, Hashable, CustomStringConvertible {
    case address(IPAddress)
    case name(String)

    public var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .name(let name): name
        }
    }

    /// Reads a host name, or an IPv4 or IPv6 literal with or without brackets. Names go through IDNA 2008 with UTS #46
    /// mapping (libidn2); a trailing dot is kept, it stops the search list. Refused: control characters, spaces, a
    /// leading `-`, empty or overlong labels, and numbers in other spellings than dotted decimal (`0x7f.1`,
    /// `2130706433`), which different programs read as different addresses.
    public init(_ text: String) throws(InvalidInput) {
        guard !text.isEmpty else { throw InvalidInput("The target is empty.") }
        guard text.utf8.count <= 1024 else {
            throw InvalidInput(
                "The target \(text.quotedForMessage) is longer than a host name can be (253 characters).")
        }
        if text.hasSpacesOrControls {
            throw InvalidInput("The target \(text.quotedForMessage) has spaces or control characters in it.")
        }
        if text.utf8.first == UInt8(ascii: "-") {
            throw InvalidInput("The target \(text.quotedForMessage) begins with \"-\".")
        }
        if let address = IPAddress(text) {
            self = .address(address)
            return
        }
        if text.utf8.contains(where: { ":[]".utf8.contains($0) }) {
            throw InvalidInput("The target \(text.quotedForMessage) is neither a host name nor an IP address.")
        }
        self = .name(try Self.asciiName(text))
    }

    private static func asciiName(_ text: String) throws(InvalidInput) -> String {
        let ascii = try IDNA.ascii(text.lowercased(), of: text)
        let body = ascii.hasSuffix(".") ? ascii.dropLast() : Substring(ascii)
        let labels = body.split(separator: ".", omittingEmptySubsequences: false)
        guard body.utf8.count <= 253 else {
            throw InvalidInput(
                "The target \(text.quotedForMessage) is longer than a host name can be (253 characters).")
        }
        for label in labels {
            guard (1...63).contains(label.utf8.count) else {
                throw InvalidInput("The target \(text.quotedForMessage) has an empty label or one over 63 characters.")
            }
            guard label.utf8.allSatisfy(isNameByte) else {
                throw InvalidInput("The target \(text.quotedForMessage) has characters that no host name has.")
            }
        }
        if let last = labels.last, looksNumeric(last) {
            throw InvalidInput(
                "The target \(text.quotedForMessage) looks like a number: write an IPv4 address as four decimal parts.")
        }
        return ascii
    }

    /// Letters, digits, hyphen, and the underscore that service names use (RFC 8552).
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The URL standard's "ends in a number": such a name is read as an IPv4 address by inet_aton(3).
    private static func looksNumeric(_ label: Substring) -> Bool {
        if label.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return true }
        return label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
    }
}

extension String {
    /// Any white space of Unicode, and the control characters of ASCII. Unicode's tables are slow and rarely needed.
    var hasSpacesOrControls: Bool {
        if utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) { return true }
        guard utf8.contains(where: { $0 >= 0x80 }) else { return false }
        return unicodeScalars.contains { $0.properties.isWhitespace }
    }
}
