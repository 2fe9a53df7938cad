import COpenSSL

/// What came of verifying a peer's certificates, whether the connection went on or not.
public struct CertificateVerdict: Sendable, Hashable {
    /// X509_V_*; 0 is good. A good chain for another host is X509_V_ERR_HOSTNAME_MISMATCH.
    public var error: Int32
    /// Nil when the certificate is good.
    public var code: ErrorCode?
    /// OpenSSL's words, or ours where they say more.
    public var message: String
    public var hostMatches: Bool
    /// From the server's own certificate upwards, as far as one could be built.
    public var chain: [CertificateSummary]
    /// When verifying began, and how long it took.
    public var startedAt: Instant
    public var duration: Duration
    /// What a stapled OCSP response says; nil when none came, or none was asked for.
    public var staple: OCSPStaple?

    public var isGood: Bool { code == nil }

    /// One sentence for people.
    public var failure: ProbeFailure? { code.map { ProbeFailure(.tls, $0, message) } }

    func record(in span: Span?) {
        span?.note(
            .verify, "the certificate", isGood ? "good" : message, isFailed: !isGood, from: startedAt,
            to: startedAt + duration)
    }

    public func write(to writer: inout some ReportWriter) {
        writer.object("verify") { writer in
            writer.field("ok", isGood)
            writer.field("code", code?.rawValue)
            writer.field("message", message)
            writer.field("hostname_match", hostMatches)
        }
    }
}
