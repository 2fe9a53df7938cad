import NIOSSL
import ProbeNative

/// What the node shows a backend that asks for a certificate (mTLS). The files are read anew for each connection, so that
/// a renewed certificate needs no restart.
public struct ClientCertificate: Sendable, Hashable {
    /// PEM: the certificate, followed by its intermediates.
    public var file: String
    /// PEM, without a password.
    public var keyFile: String

    public init(file: String, keyFile: String) {
        self.file = file
        self.keyFile = keyFile
    }

    /// - Throws: one sentence that names the file.
    func add(to configuration: inout TLSConfiguration) throws(InvalidInput) {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(file) } catch { chain = [] }
        guard !chain.isEmpty else {
            throw InvalidInput("The client certificate \(file.quotedForMessage) is not a readable PEM certificate.")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
            throw InvalidInput(
                "The client key \(keyFile.quotedForMessage) is not a readable PEM key without a password.")
        }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
    }
}
