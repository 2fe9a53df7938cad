/// The TLS side of a hop.
public struct HTTPSecurity: Sendable, Hashable {
    public var version: String?
    public var cipher: String?
    /// Nil when the handshake was not completed.
    public var session: TLSSession?
    /// The server sent a word of its authority on its certificate (RFC 6066 section 8); nil when it was not got so far.
    public var isStapled: Bool?
    /// Nil when the handshake ended before the server showed its certificates.
    public var verdict: CertificateVerdict?
    /// The clock that `days_left` is counted from.
    public var seenAt: WallTime

    init(_ handshake: TLSHandshake, seenAt: WallTime) {
        version = handshake.version
        cipher = handshake.cipher
        session = handshake.session
        isStapled = handshake.isStapled
        verdict = handshake.verdict
        self.seenAt = seenAt
    }

    /// Of the server's own certificate.
    public var daysLeft: Int? { verdict?.chain.first?.daysLeft(at: seenAt) }

    func write(to writer: inout some ReportWriter) {
        writer.object("tls") { writer in
            writer.field("protocol", version)
            writer.field("cipher", cipher)
            writer.field("group", session?.group)
            writer.field("alpn", session?.alpn)
            writer.field("stapled", isStapled)
            writer.field("days_left", daysLeft)
            guard let verdict else { return }
            verdict.write(to: &writer)
            writer.array("chain", verdict.chain) { writer, certificate in certificate.write(to: &writer, at: seenAt) }
        }
    }
}
