/// PEM files of one server identity.
public struct CertificateFiles: Sendable, Hashable {
    /// The certificate, followed by the intermediates that the server sends.
    public let chain: String
    public let key: String
}
