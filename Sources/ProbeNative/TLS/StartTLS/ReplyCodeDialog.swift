/// SMTP (RFC 3207) and FTP (RFC 4217): commands that are answered by lines with a three-digit code.
struct ReplyCodeDialog: StartTLSDialog {
    /// A command, and the answer that lets the dialog go on.
    private struct Exchange {
        var command: String
        var wanted: Int
        /// A word that a line of the answer must begin with.
        var offer: String?
    }

    private struct Reply {
        var code: Int
        var lines: [String]
    }

    private var exchanges: ArraySlice<Exchange>
    /// What is awaited: the greeting first.
    private var current = Exchange(command: "", wanted: 220)
    private var open: Reply?
    private(set) var greeting: String?
    let expects = StartTLSPiece.line

    private init(_ exchanges: [Exchange]) { self.exchanges = exchanges[...] }

    /// - Parameter local: by which the client names itself, as an address literal (RFC 5321 section 4.1.3).
    static func smtp(from local: IPAddress?) -> ReplyCodeDialog {
        let name = local.map { $0.family == .v4 ? "[\($0)]" : "[IPv6:\($0)]" } ?? "[127.0.0.1]"
        return ReplyCodeDialog([
            Exchange(command: "EHLO \(name)\r\n", wanted: 250, offer: "STARTTLS"),
            Exchange(command: "STARTTLS\r\n", wanted: 220),
        ])
    }

    static var ftp: ReplyCodeDialog { ReplyCodeDialog([Exchange(command: "AUTH TLS\r\n", wanted: 234)]) }

    mutating func receive(_ piece: [UInt8]) -> StartTLSStep {
        guard let isLast = take(String(decoding: piece, as: UTF8.self)) else { return .foreign }
        guard isLast, let reply = open.take() else { return .more }
        if greeting == nil { greeting = reply.lines.first }
        // 1yz: the server asks for patience, and another reply follows.
        if (100..<200).contains(reply.code) { return .more }
        guard reply.code == current.wanted else {
            return .refused("\(reply.code) " + reply.lines.joined(separator: " "))
        }
        if let offer = current.offer, !reply.lines.contains(where: { $0.uppercased().hasPrefix(offer) }) {
            return .refused("it does not offer \(offer)")
        }
        guard let next = exchanges.popFirst() else { return .begin() }
        current = next
        return .send(Array(next.command.utf8))
    }

    /// Whether the line ends a reply; nil when it is none. Lines between the first (`220-`) and the last (`220 `) may be
    /// anything in FTP (RFC 959 section 4.2).
    private mutating func take(_ line: String) -> Bool? {
        let digits = line.prefix(3)
        let code = digits.count == 3 && digits.allSatisfy { $0.isASCII && $0.isNumber } ? Int(digits) : nil
        let mark = line.dropFirst(3).first
        let text = String(line.dropFirst(4))
        if let first = open?.code {
            open?.lines.append(code == first ? text : line)
            return code == first && mark != "-"
        }
        guard let code, (100..<600).contains(code), mark == nil || mark == " " || mark == "-" else { return nil }
        open = Reply(code: code, lines: [text])
        return mark != "-"
    }
}
