import COpenSSL

/// The client's side of one TLS connection without any I/O: what the peer sent goes in, what the peer is to get comes
/// out. Owns one SSL and through it two memory BIOs; confined to its reactor.
final class TLSConnection {
    enum Step {
        case done
        /// Give it more of what the peer sent (after sending what it has for the peer).
        case needsBytes
        case failed(ProbeFailure)
    }

    let options: TLSOptions
    private let verifier: CertificateVerifier
    private let peer: String
    private let time: any TimeSource
    private let tls: OpaquePointer
    /// From the peer to OpenSSL, and back. Owned by `tls`.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    private(set) var session: TLSSession?
    private(set) var peerCertificates: [CertificateSummary] = []
    private(set) var verdict: CertificateVerdict?
    private(set) var staple: [UInt8]?
    private(set) var asksForCertificate = false
    private(set) var isTruncated = false

    /// - Throws: `local_resource_exhausted`, and `unsupported` for versions that this OpenSSL lacks.
    init(
        to host: Host, _ options: TLSOptions, trust: TrustStore, peer: String, time: any TimeSource
    ) throws(ProbeFailure) {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard let context = TLSContext.shared(options.mode), let tls = SSL_new(context.pointer) else {
            throw Self.noMemory
        }
        self.tls = tls
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(tls)
            throw Self.noMemory
        }
        SSL_set_bio(tls, incoming, outgoing)
        (self.incoming, self.outgoing) = (incoming, outgoing)
        (self.options, self.peer, self.time) = (options, peer, time)
        verifier = CertificateVerifier(trust: trust, host: options.serverName ?? host)
        try configure()
    }

    deinit { SSL_free(tls) }

    private static let noMemory = ProbeFailure(.tls, .localResourceExhausted, "The node has no memory for TLS.")

    private func configure() throws(ProbeFailure) {
        SSL_set_ex_data(tls, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_connect_state(tls)
        SSL_set_verify(tls, options.mode == .enforcing ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        let versions = options.versions
        guard probe_tls_set_versions(tls, versions.lowerBound.rawValue, versions.upperBound.rawValue) == 1 else {
            throw ProbeFailure(.tls, .unsupported, "This node's OpenSSL cannot speak \(options.versionsText).")
        }
        // RFC 6066 section 3: literal addresses are not permitted, and no name has the final dot.
        if options.sendsServerName, case .name(let name) = verifier.host {
            let name = name.hasSuffix(".") ? String(name.dropLast()) : name
            guard probe_tls_set_server_name(tls, name) == 1 else { throw Self.noMemory }
        }
        if !options.alpn.isEmpty {
            // RFC 7301: each name with its length before it.
            let list = options.alpn.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8.prefix(255) }
            guard SSL_set_alpn_protos(tls, list, UInt32(list.count)) == 0 else { throw Self.noMemory }
        }
        if options.asksForStaple { probe_tls_ask_for_staple(tls) }
    }

    // MARK: Bytes of the connection

    /// What the peer is to get; nil when there is nothing.
    func takeOutgoing() -> [UInt8]? {
        let waiting = BIO_ctrl_pending(outgoing)
        guard waiting > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: waiting) { buffer, count in
            count = max(0, Int(BIO_read(outgoing, buffer.baseAddress, Int32(clamping: waiting))))
        }
    }

    /// What the peer sent; empty: it ended its stream.
    func feed(_ bytes: [UInt8]) throws(ProbeFailure) {
        if bytes.isEmpty { return probe_bio_ends(incoming) }
        guard BIO_write(incoming, bytes, Int32(clamping: bytes.count)) == bytes.count else { throw Self.noMemory }
    }

    // MARK: The handshake

    func handshake() -> Step {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        let result = SSL_do_handshake(tls)
        switch result == 1 ? SSL_ERROR_NONE : SSL_get_error(tls, result) {
        case SSL_ERROR_NONE:
            session = TLSSession(tls)
            return .done
        case SSL_ERROR_WANT_READ: return .needsBytes
        default:
            let code = UInt(ERR_get_error())
            if options.mode == .enforcing, let failure = verdict?.failure { return .failed(failure) }
            var failure = TLSFailure.classify(code, peer: peer, offered: options.versionsText)
            if asksForCertificate { failure.detail += " It asked for a client certificate." }
            return .failed(failure)
        }
    }

    /// Reads what the handshake brought beside the session, and in measuring mode judges it: not part of what the
    /// handshake took. Also after one that failed.
    func examine() {
        var bytes: UnsafePointer<UInt8>?
        let count = probe_tls_staple(tls, &bytes)
        if let bytes, count > 0 { staple = Array(UnsafeBufferPointer(start: bytes, count: count)) }
        // In enforcing mode they were noted when they were judged.
        guard options.mode == .measuring, let leaf = SSL_get0_peer_certificate(tls) else { return }
        let chain = SSL_get_peer_cert_chain(tls)
        peerCertificates = Self.summaries(chain)
        verdict = verifier.verify(
            leaf, among: chain, securityLevel: SSL_get_security_level(tls), staple: staple, at: time.wallTime,
            clock: time)
    }

    private static func summaries(_ chain: OpaquePointer?) -> [CertificateSummary] {
        (0..<min(32, probe_x509_count(chain))).compactMap { probe_x509_at(chain, $0).map(CertificateSummary.init) }
    }

    // MARK: Data

    /// Nil: OpenSSL needs more bytes. Empty: the peer ended the stream.
    func read(atMost limit: Int) -> Result<[UInt8]?, ProbeFailure> {
        if isTruncated { return .success([]) }
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        var status: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            status = SSL_read_ex(tls, buffer.baseAddress, limit, &count)
        }
        switch status == 1 ? SSL_ERROR_NONE : SSL_get_error(tls, 0) {
        case SSL_ERROR_NONE, SSL_ERROR_ZERO_RETURN: return .success(bytes)
        case SSL_ERROR_WANT_READ: return .success(nil)
        default:
            let code = ERR_get_error()
            guard ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING else {
                return .failure(TLSFailure.broken(UInt(code), peer: peer))
            }
            isTruncated = true
            return .success([])
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        var written = 0
        let status = bytes.withUnsafeBytes { SSL_write_ex(tls, $0.baseAddress, $0.count, &written) }
        // A memory BIO takes everything.
        guard status == 1, written == bytes.count else {
            throw TLSFailure.broken(UInt(ERR_get_error()), peer: peer)
        }
    }

    /// close_notify, where there is a session to end.
    func sayGoodbye() {
        guard session != nil else { return }
        OpenSSLErrors.clear()
        SSL_shutdown(tls)
        OpenSSLErrors.clear()
    }
}

/// What the callbacks of the context that all connections share come to.
extension TLSConnection {
    private static func owner(_ tls: OpaquePointer) -> TLSConnection? {
        SSL_get_ex_data(tls, 0).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// SSL_CTX_set_client_cert_cb(3): 0, because we have none to show.
    static func certificateWasAsked(_ tls: OpaquePointer) -> Int32 {
        owner(tls)?.asksForCertificate = true
        return 0
    }

    /// SSL_CTX_set_cert_verify_callback(3): 1 lets the handshake go on.
    static func verify(_ context: OpaquePointer) -> Int32 {
        let tls = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()).map { OpaquePointer($0) }
        if let owner = tls.flatMap(owner) { return owner.judge(context) }
        X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED)
        return 0
    }

    private func judge(_ context: OpaquePointer) -> Int32 {
        guard options.mode == .enforcing else { return 1 }
        let verdict = verifier.verify(context, at: time.wallTime, clock: time)
        self.verdict = verdict
        peerCertificates = Self.summaries(X509_STORE_CTX_get0_untrusted(context))
        // It chooses the alert that the peer gets.
        X509_STORE_CTX_set_error(context, verdict.error)
        return verdict.isGood ? 1 : 0
    }
}
