/// IMAP (RFC 9051 section 6.2.1).
struct IMAPDialog: StartTLSDialog {
    private(set) var greeting: String?
    let expects = StartTLSPiece.line
    private static let tag = "p1"

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        let line = String(decoding: piece, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2 else { return .foreign }
        let rest = words.count > 2 ? String(words[2]) : ""
        switch (String(words[0]), words[1].uppercased(), greeting) {
        case ("*", "OK", nil):
            greeting = rest
            return .send(Array("\(Self.tag) STARTTLS\r\n".utf8))
        case ("*", "PREAUTH", nil): return .refused("it is logged in already, and TLS can no longer begin")
        case ("*", "BYE", _): return .refused(rest)
        case ("*", _, .some): return .more
        case (Self.tag, "OK", .some): return .begin()
        case (Self.tag, "NO", .some), (Self.tag, "BAD", .some): return .refused(rest)
        default: return .foreign
        }
    }
}

/// POP3 (RFC 2595 section 4).
struct POP3Dialog: StartTLSDialog {
    private(set) var greeting: String?
    let expects = StartTLSPiece.line

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        let line = String(decoding: piece, as: UTF8.self)
        let word = line.prefix { $0 != " " }
        let rest = String(line.dropFirst(word.count + 1))
        switch word {
        case "+OK" where greeting == nil:
            greeting = rest
            return .send(Array("STLS\r\n".utf8))
        case "+OK": return .begin()
        case "-ERR": return .refused(rest)
        default: return .foreign
        }
    }
}
