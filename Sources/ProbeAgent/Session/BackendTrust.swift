import COpenSSL
import NIOCore
import NIOSSL
import ProbeNative

/// How the node knows its backend: TLS 1.2 or later, a certificate of an authority it trusts, for the backend's host.
///
/// nio-ssl says no more of a bad certificate than that it failed. So the chain and the host are verified by OpenSSL
/// inside the handshake, which gives the reason; the connection ends before anything of the node's is sent. nio-ssl's
/// own comparison of the host (`fullVerification`) still follows after the handshake.
public final class BackendTrust: @unchecked Sendable {
    // @unchecked: an X509_STORE locks itself, and nothing changes this one after the initializer.

    private let store: OpaquePointer
    let context: NIOSSLContext

    /// - Parameter caFile: a PEM file with authorities to trust besides the system's.
    public init(caFile: String? = nil) throws(InvalidInput) {
        guard let store = X509_STORE_new() else { throw InvalidInput("There is no memory for TLS.") }
        self.store = store
        ERR_clear_error()
        defer { ERR_clear_error() }
        // SSL_CERT_FILE and SSL_CERT_DIR are heeded here. A system without authorities is no error: there is --ca-file.
        X509_STORE_set_default_paths(store)
        X509_STORE_load_file(store, Self.systemBundle)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        // Not used for verifying; the default would have BoringSSL parse the whole bundle for nothing.
        configuration.trustRoots = .certificates([])
        do { context = try NIOSSLContext(configuration: configuration) } catch {
            throw InvalidInput("TLS cannot be set up: \(error).")
        }
        if let caFile, X509_STORE_load_file(store, caFile) != 1 {
            throw InvalidInput("The CA file \(caFile.quotedForMessage) is not a readable file of PEM certificates.")
        }
    }

    deinit { X509_STORE_free(store) }

    private static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"

    /// The TLS handler for one connection.
    /// - Parameter refused: called on the event loop with the reason when the certificate is not good.
    func makeHandler(
        for host: Host, time: any TimeSource, refused: @escaping @Sendable (ProbeFailure) -> Void
    ) throws -> NIOSSLClientHandler {
        // Addresses are not sent as SNI (RFC 6066); nio-ssl then compares the address it is connected to.
        let name: String? = if case .name(let name) = host { name } else { nil }
        return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, promise in
            if let failure = self.verify(certificates, for: host, at: time.wallTime) {
                refused(failure)
                promise.succeed(.failed)
            } else {
                promise.succeed(.certificateVerified)
            }
        }
    }

    /// Nil when the chain is good and its first certificate is the host's.
    /// - Parameter certificates: as the peer sent them, its own first.
    func verify(_ certificates: [NIOSSLCertificate], for host: Host, at now: WallTime) -> ProbeFailure? {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let parsed = certificates.compactMap { certificate -> OpaquePointer? in
            guard let der = try? certificate.toDERBytes() else { return nil }
            return der.withUnsafeBufferPointer { bytes in
                var position = bytes.baseAddress
                return d2i_X509(nil, &position, bytes.count)
            }
        }
        defer { for certificate in parsed { X509_free(certificate) } }
        guard parsed.count == certificates.count, let leaf = parsed.first else {
            return ProbeFailure(.tls, .tlsHandshakeFailed, "The backend sent no certificate that can be decoded.")
        }
        guard let context = X509_STORE_CTX_new(), let others = OPENSSL_sk_new_null() else {
            return ProbeFailure(
                .tls, .localResourceExhausted, "There is no memory to verify the backend's certificate.")
        }
        defer {
            X509_STORE_CTX_free(context)
            OPENSSL_sk_free(others)
        }
        for certificate in parsed.dropFirst() { OPENSSL_sk_push(others, UnsafeRawPointer(certificate)) }
        guard X509_STORE_CTX_init(context, store, leaf, others) == 1 else {
            return ProbeFailure(
                .tls, .localResourceExhausted, "There is no memory to verify the backend's certificate.")
        }
        X509_STORE_CTX_set_default(context, "ssl_server")
        let parameters = X509_STORE_CTX_get0_param(context)
        X509_VERIFY_PARAM_set_time(parameters, Int(now.nanoseconds / 1_000_000_000))
        guard Self.require(host, parameters) else {
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(host) cannot be compared with a certificate.")
        }
        if X509_verify_cert(context) == 1 { return nil }
        return Self.failure(X509_STORE_CTX_get_error(context), host)
    }

    private static func require(_ host: Host, _ parameters: OpaquePointer?) -> Bool {
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        switch host {
        case .address(let address):
            let bytes = address.bytes
            return X509_VERIFY_PARAM_set1_ip(parameters, bytes, bytes.count) == 1
        case .name(let name):
            // No certificate has the dot that ends the search list.
            let name = name.hasSuffix(".") ? String(name.dropLast()) : name
            return X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1
        }
    }

    private static func failure(_ error: Int32, _ host: Host) -> ProbeFailure {
        let code: ErrorCode
        let sentence: String
        switch error {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            (code, sentence) = (.tlsCertificateExpired, "The certificate of \(host), or one above it, has expired.")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            (code, sentence) = (
                .tlsCertificateNotYetValid, "The certificate of \(host) is not valid yet: check the clock."
            )
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            (code, sentence) = (.tlsHostnameMismatch, "The certificate is not for \(host).")
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            (code, sentence) = (
                .tlsSelfSigned, "The certificate of \(host) is signed by itself: give it as --ca-file to trust it."
            )
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            code = .tlsUnknownAuthority
            sentence =
                "The certificate of \(host) is by an authority that is not trusted: a private one is given by --ca-file."
        default:
            code = .tlsHandshakeFailed
            let words = String(cString: X509_verify_cert_error_string(Int(error)))
            sentence = "The certificate of \(host) is not good: \(words)."
        }
        return ProbeFailure(.tls, code, sentence)
    }
}
