/// LDAP: the StartTLS extended operation (RFC 4511 section 4.14), in the few bytes of BER that it takes.
struct LDAPDialog: StartTLSDialog {
    private enum Tag {
        static let integer: UInt8 = 0x02
        static let octets: UInt8 = 0x04
        static let enumerated: UInt8 = 0x0a
        static let sequence: UInt8 = 0x30
        /// [APPLICATION 23] and [APPLICATION 24], constructed.
        static let extendedRequest: UInt8 = 0x77
        static let extendedResponse: UInt8 = 0x78
        /// requestName [0].
        static let requestName: UInt8 = 0x80
    }

    private enum Part { case head, length, body }

    private static let longestMessage = 8192
    private var part = Part.head
    private(set) var expects = StartTLSPiece.bytes(2)

    let opening: [UInt8] = {
        let name = Array("1.3.6.1.4.1.1466.20037".utf8)
        func field(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag, UInt8(content.count)] + content }
        return field(
            Tag.sequence,
            field(Tag.integer, [1]) + field(Tag.extendedRequest, field(Tag.requestName, name)))
    }()

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        switch part {
        case .head:
            guard piece[0] == Tag.sequence else { return .foreign }
            // From 128 on: the number of bytes that hold the length.
            if piece[1] < 0x80 { return bodyFollows(Int(piece[1])) }
            guard (0x81...0x84).contains(piece[1]) else { return .foreign }
            part = .length
            expects = .bytes(Int(piece[1] & 0x7f))
            return .more
        case .length: return bodyFollows(piece.reduce(0) { $0 << 8 | Int($1) })
        case .body: return Self.answer(piece)
        }
    }

    private mutating func bodyFollows(_ length: Int) -> StartTLSStep {
        guard (1...Self.longestMessage).contains(length) else { return .foreign }
        part = .body
        expects = .bytes(length)
        return .more
    }

    /// LDAPMessage: messageID, then ExtendedResponse with resultCode, matchedDN, diagnosticMessage. A Notice of
    /// Disconnection (section 4.4.1) has the same form, with a code that is no success.
    private static func answer(_ message: [UInt8]) -> StartTLSStep {
        var message = BER(bytes: message[...])
        guard message.take(Tag.integer) != nil, let content = message.take(Tag.extendedResponse) else {
            return .foreign
        }
        var response = BER(bytes: content)
        guard let code = response.take(Tag.enumerated), code.count == 1, let number = code.first else {
            return .foreign
        }
        if number == 0 { return .begin() }
        _ = response.take(Tag.octets)
        let words = response.take(Tag.octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return .refused(words.isEmpty ? "result code \(number)" : "result code \(number), \(words)")
    }
}

/// Takes one field after the other off the front of a BER value with definite lengths.
struct BER {
    var bytes: ArraySlice<UInt8>

    /// The content of the next field; nil when it has another tag, or a length that does not fit.
    mutating func take(_ tag: UInt8) -> ArraySlice<UInt8>? {
        guard bytes.first == tag, bytes.count >= 2 else { return nil }
        let first = bytes[bytes.startIndex + 1]
        var rest = bytes.dropFirst(2)
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        bytes = rest.dropFirst(length)
        return rest.prefix(length)
    }
}
