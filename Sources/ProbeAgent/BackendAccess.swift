import NIOSSL

/// The way to the backend and how either side knows the other, beside the backend's URL and its authority.
public struct BackendAccess: Sendable {
    public var proxy = ProxyChoice.environment
    public var pins: KeyPins?
    /// PEM files of the certificate that the node shows; both or none.
    public var clientCertificateFile: String?
    public var clientKeyFile: String?
    /// Settings of a program that the node runs in, instead of its own: they say which authorities are trusted, what is
    /// verified and what is shown. The CA file, pins and the client certificate are the node's own and cannot go with them.
    public var tls: TLSConfiguration?

    public init() {}

    var clientCertificate: ClientCertificate? {
        guard let clientCertificateFile, let clientKeyFile else { return nil }
        return ClientCertificate(file: clientCertificateFile, keyFile: clientKeyFile)
    }
}
