/// What a client and a server of one protocol say until TLS begins: events in, actions out, no I/O.
protocol StartTLSDialog: Sendable {
    /// What the client says before it has read anything; often nothing, because the server greets.
    var opening: [UInt8] { get }
    /// What is to be read next.
    var expects: StartTLSPiece { get }
    /// How the server introduced itself, where the protocol has such a thing.
    var greeting: String? { get }
    mutating func receive(_ piece: [UInt8]) -> StartTLSStep
}

extension StartTLSDialog {
    var opening: [UInt8] { [] }
    var greeting: String? { nil }
}

/// A part of the server's talk, with its end.
enum StartTLSPiece: Hashable, Sendable {
    /// Without its line end.
    case line
    case bytes(Int)
    /// Up to this byte, and it.
    case through(UInt8)
}

enum StartTLSStep: Hashable, Sendable {
    /// Read the next piece.
    case more
    /// Say this, then read the next piece.
    case send([UInt8])
    /// Say this; what follows is TLS.
    case begin([UInt8] = [])
    /// The server has no TLS, or will not: its words, or ours.
    case refused(String)
    /// That is not this protocol.
    case foreign
}

/// The protocols that this node can begin TLS in.
public enum StartTLSProtocol: String, Sendable, Hashable, CaseIterable {
    case smtp, imap, pop3, ftp, postgres, mysql, ldap, xmpp

    /// Where such a server listens (IANA's service names).
    public var port: UInt16 {
        switch self {
        case .smtp: 25
        case .imap: 143
        case .pop3: 110
        case .ftp: 21
        case .postgres: 5432
        case .mysql: 3306
        case .ldap: 389
        case .xmpp: 5222
        }
    }

    /// - Parameters:
    ///   - host: whom XMPP asks for.
    ///   - local: who SMTP says that it is.
    func dialog(to host: Host, from local: IPAddress?) -> any StartTLSDialog {
        switch self {
        case .smtp: ReplyCodeDialog.smtp(from: local)
        case .ftp: ReplyCodeDialog.ftp
        case .imap: IMAPDialog()
        case .pop3: POP3Dialog()
        case .postgres: PostgresDialog()
        case .mysql: MySQLDialog()
        case .ldap: LDAPDialog()
        case .xmpp: XMPPDialog(host: host)
        }
    }
}
