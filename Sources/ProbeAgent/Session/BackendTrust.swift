import NIOCore
import NIOSSL
import ProbeNative

/// How the node knows its backend: TLS 1.2 or later, a certificate of an authority it trusts, for the backend's host.
///
/// nio-ssl says no more of a bad certificate than that it failed. So the chain and the host are verified by OpenSSL
/// inside the handshake, which gives the reason; the connection ends before anything of the node's is sent. nio-ssl's
/// own comparison of the host (`fullVerification`) still follows after the handshake.
public final class BackendTrust: Sendable {
    private let trust: TrustStore
    let context: NIOSSLContext

    /// - Parameter caFile: a PEM file with authorities to trust besides the system's.
    public init(caFile: String? = nil) throws(InvalidInput) {
        trust = try TrustStore(systemAnd: caFile)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        // Not used for verifying; the default would have BoringSSL parse the whole bundle for nothing.
        configuration.trustRoots = .certificates([])
        do { context = try NIOSSLContext(configuration: configuration) } catch {
            throw InvalidInput("TLS cannot be set up: \(error).")
        }
    }

    /// The TLS handler for one connection.
    /// - Parameter refused: called on the event loop with the reason when the certificate is not good.
    func makeHandler(
        for host: Host, time: any TimeSource, refused: @escaping @Sendable (ProbeFailure) -> Void
    ) throws -> NIOSSLClientHandler {
        // Addresses are not sent as SNI (RFC 6066); nio-ssl then compares the address it is connected to.
        let name: String? = if case .name(let name) = host { name } else { nil }
        return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, promise in
            if let failure = self.verify(certificates, for: host, time: time) {
                refused(failure)
                promise.succeed(.failed)
            } else {
                promise.succeed(.certificateVerified)
            }
        }
    }

    /// Nil when the chain is good and its first certificate is the host's.
    /// - Parameter certificates: as the peer sent them, its own first.
    func verify(_ certificates: [NIOSSLCertificate], for host: Host, time: any TimeSource) -> ProbeFailure? {
        let chain = certificates.map { (try? $0.toDERBytes()) ?? [] }
        let verdict = CertificateVerifier(trust: trust, host: host).verify(chain, at: time.wallTime, clock: time)
        return verdict.code.map { ProbeFailure(.tls, $0, Self.sentence($0, host) ?? verdict.message) }
    }

    /// What to do about it, where the node's operator can.
    private static func sentence(_ code: ErrorCode, _ host: Host) -> String? {
        switch code {
        case .tlsCertificateExpired: "The certificate of \(host), or one above it, has expired."
        case .tlsCertificateNotYetValid: "The certificate of \(host) is not valid yet: check the clock."
        case .tlsSelfSigned: "The certificate of \(host) is signed by itself: give it as --ca-file to trust it."
        case .tlsUnknownAuthority:
            "The certificate of \(host) is by an authority that is not trusted: a private one is given by --ca-file."
        default: nil
        }
    }
}
