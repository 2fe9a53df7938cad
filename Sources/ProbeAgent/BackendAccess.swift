/// The way to the backend and how either side knows the other, beside the backend's URL and its authority.
public struct BackendAccess: Sendable {
    public var proxy = ProxyChoice.environment
    public var pins: KeyPins?
    /// PEM files of the certificate that the node shows; both or none.
    public var clientCertificateFile: String?
    public var clientKeyFile: String?

    public init() {}

    var clientCertificate: ClientCertificate? {
        guard let clientCertificateFile, let clientKeyFile else { return nil }
        return ClientCertificate(file: clientCertificateFile, keyFile: clientKeyFile)
    }
}
