/// What the tls tool found, as far as it came.
public struct TLSReport: Report {
    public struct StartTLS: Sendable, Hashable {
        public var proto: StartTLSProtocol
        /// How the server introduced itself.
        public var greeting: String?
        /// From the connection to the beginning of TLS; nil when it did not come to that.
        public var duration: Duration?
    }

    /// What came of a connection that offered one version only.
    public struct VersionTrial: Sendable, Hashable {
        public var version: TLSVersion
        /// Nil: the trial did not come so far that the server could say.
        public var isAccepted: Bool?
        public var cipher: String?
        public var failure: ProbeFailure?
    }

    public var port: UInt16
    /// As sent.
    public var serverName: String?
    public var startTLS: StartTLS?
    public var connectTime: Duration?
    public var handshakeTime: Duration?
    public var session: TLSSession?
    /// As the server sent them.
    public var chain: [CertificateSummary] = []
    public var verdict: CertificateVerdict?
    public var isStapled = false
    public var asksForCertificate = false
    public var trials: [VersionTrial] = []
    /// The clock that `days_left` is counted from.
    public var seenAt: WallTime

    public init(port: UInt16, seenAt: WallTime) {
        self.port = port
        self.seenAt = seenAt
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("port", Int(port))
        writer.field("sni", serverName)
        if let startTLS { write(startTLS, to: &writer) }
        writer.field("connect_ms", connectTime)
        writer.field("handshake_ms", handshakeTime)
        writer.field("verify_ms", verdict?.duration)
        writer.field("protocol", session?.version)
        writer.field("cipher", session?.cipher)
        writer.field("cipher_bits", session?.cipherBits)
        writer.field("group", session?.group)
        writer.field("alpn", session?.alpn)
        writer.field("client_certificate_requested", asksForCertificate)
        writer.array("chain", chain) { writer, certificate in certificate.write(to: &writer, at: seenAt) }
        if let verdict {
            verdict.write(to: &writer)
            writer.field("root", verdict.isGood ? verdict.chain.last?.subject : nil)
            writer.object("ocsp") { writer in
                writer.field("stapled", isStapled)
                verdict.staple?.write(to: &writer)
            }
        }
        if !trials.isEmpty {
            writer.object("versions") { writer in for trial in trials { write(trial, to: &writer) } }
        }
        writer.array("weaknesses", weaknesses) { writer, weakness in
            writer.field("id", weakness.kind.rawValue)
            writer.field("detail", weakness.detail)
        }
    }

    private func write(_ startTLS: StartTLS, to writer: inout some ReportWriter) {
        writer.object("starttls") { writer in
            writer.field("protocol", startTLS.proto.rawValue)
            writer.field("greeting", startTLS.greeting)
            writer.field("duration_ms", startTLS.duration)
        }
    }

    private func write(_ trial: VersionTrial, to writer: inout some ReportWriter) {
        writer.object(trial.version.label) { writer in
            writer.field("accepted", trial.isAccepted)
            writer.field("cipher", trial.cipher)
            writer.field("error_code", trial.failure?.code.rawValue)
        }
    }
}
