/// Whom an encrypted transport expects at the other end.
struct DNSSecurity: Sendable {
    /// Verified against the certificate, and sent as SNI where it is a name.
    var host: Host
    /// Nil: the system's authorities.
    var trust: TrustStore?
    /// A certificate that is not good ends the handshake.
    var verifies = true
    /// Where queries are posted to (https).
    var url: HTTPURL?

    func verifier(_ reactor: Reactor, until deadline: Instant) async throws(ProbeFailure) -> CertificateVerifier {
        if let trust { return CertificateVerifier(trust: trust, host: host) }
        let system = try await reactor.local(SystemTrust.self).store(until: deadline)
        return CertificateVerifier(trust: system, host: host)
    }
}
