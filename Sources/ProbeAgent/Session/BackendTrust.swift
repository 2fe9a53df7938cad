import NIOCore
import NIOSSL
import ProbeNative

/// How the node knows its backend: TLS 1.2 or later, a certificate of an authority it trusts, for the backend's host.
///
/// nio-ssl says no more of a bad certificate than that it failed. So the chain and the host are verified by OpenSSL
/// inside the handshake, which gives the reason, and the pins are compared with the chain that OpenSSL built; the
/// connection ends before anything of the node's is sent, its certificate included. nio-ssl's own comparison of the host
/// (`fullVerification`) still follows after the handshake.
public final class BackendTrust: Sendable {
    /// Nil where the program that the node runs in verifies by settings of its own.
    private let trust: TrustStore?
    private let pins: KeyPins?
    let client: ClientCertificate?
    /// For all connections; nil where the client certificate is read anew for each.
    private let context: NIOSSLContext?

    /// - Parameters:
    ///   - caFile: a PEM file with authorities to trust besides the system's.
    ///   - pins: keys of which the verified chain must have one.
    ///   - client: what the node shows of itself.
    /// - Throws: one sentence when one of the files cannot be used.
    public init(
        caFile: String? = nil, pins: KeyPins? = nil, client: ClientCertificate? = nil
    ) throws(InvalidInput) {
        trust = try TrustStore(systemAnd: caFile)
        self.pins = pins
        self.client = client
        // Also with a client certificate: a wrong file should end the start, not the first connection.
        let context = try Self.makeContext(client)
        self.context = client == nil ? context : nil
    }

    /// As a configuration has it.
    convenience init(_ access: BackendAccess, caFile: String?) throws(InvalidInput) {
        guard let tls = access.tls else {
            try self.init(caFile: caFile, pins: access.pins, client: access.clientCertificate)
            return
        }
        guard caFile == nil, access.pins == nil, access.clientCertificate == nil else {
            throw InvalidInput(
                "A CA file, pins and a client certificate cannot go with TLS settings of the program's own.")
        }
        try self.init(tls)
    }

    private init(_ settings: TLSConfiguration) throws(InvalidInput) {
        (trust, pins, client) = (nil, nil, nil)
        do { context = try NIOSSLContext(configuration: settings) } catch {
            throw InvalidInput("The program's TLS settings cannot be used: \(error).")
        }
    }

    private static func makeContext(_ client: ClientCertificate?) throws(InvalidInput) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        // Not used for verifying; the default would have BoringSSL parse the whole bundle for nothing.
        configuration.trustRoots = .certificates([])
        if let client { try client.add(to: &configuration) }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            guard let client else { throw InvalidInput("TLS cannot be set up: \(error).") }
            throw InvalidInput(
                "The client key \(client.keyFile.quotedForMessage) is not the key of the certificate "
                    + "\(client.file.quotedForMessage).")
        }
    }

    /// The TLS handler for one connection.
    /// - Parameters:
    ///   - accepted: called on the event loop with the chain, the server's own certificate first, when it is good.
    ///   - refused: called on the event loop with the reason when it is not.
    func makeHandler(
        for host: Host, time: any TimeSource, accepted: @escaping @Sendable ([CertificateSummary]) -> Void,
        refused: @escaping @Sendable (ProbeFailure) -> Void
    ) throws -> NIOSSLClientHandler {
        // Addresses are not sent as SNI (RFC 6066); nio-ssl then compares the address it is connected to.
        let name: String? = if case .name(let name) = host { name } else { nil }
        let context = try context ?? Self.makeContext(client)
        guard let trust else { return try NIOSSLClientHandler(context: context, serverHostname: name) }
        return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, promise in
            switch self.verify(certificates, trust, for: host, time: time) {
            case .success(let chain):
                accepted(chain)
                promise.succeed(.certificateVerified)
            case .failure(let failure):
                refused(failure)
                promise.succeed(.failed)
            }
        }
    }

    /// The verified chain when it is good, its first certificate is the host's, and one of its keys is pinned where any
    /// is.
    /// - Parameter certificates: as the peer sent them, its own first.
    private func verify(
        _ certificates: [NIOSSLCertificate], _ trust: TrustStore, for host: Host, time: any TimeSource
    ) -> Result<[CertificateSummary], ProbeFailure> {
        let chain = certificates.map { (try? $0.toDERBytes()) ?? [] }
        let verdict = CertificateVerifier(trust: trust, host: host).verify(chain, at: time.wallTime, clock: time)
        if let code = verdict.code {
            return .failure(ProbeFailure(.tls, code, Self.sentence(code, host) ?? verdict.message))
        }
        return pins?.failure(verdict.chain, of: host).map(Result.failure) ?? .success(verdict.chain)
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
