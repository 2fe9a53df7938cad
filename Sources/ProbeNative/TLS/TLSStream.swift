import COpenSSL

/// TLS over a connected stream, as its client. Owns one SSL; confined to its reactor. One reader and one writer at a
/// time, which may be different tasks.
///
/// OpenSSL works on two memory BIOs and never sees the socket: so TLS runs over any stream (after STARTTLS, through a
/// proxy), the waits and the errors are those of the stream, what a peer can make us hold is one read, and no write
/// raises SIGPIPE as OpenSSL's own socket BIO can.
public final class TLSStream: ByteStream {
    /// Bytes taken from the stream below at a time: a whole record of TLS (16 KiB and its frame) in two reads.
    private static let block = 16 << 10
    /// Reads in a row that brought no data, before others get their turn.
    private static let patience = 16

    private let below: any ByteStream
    private let options: TLSOptions
    private let verifier: CertificateVerifier
    private let peer: String
    private let time: any TimeSource
    private let tls: OpaquePointer
    /// From the peer to OpenSSL, and back. Owned by `tls`.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private var isFlushing = false

    /// Nil until the handshake is done.
    public private(set) var session: TLSSession?
    /// From the first byte sent to the last one needed, without the verification.
    public private(set) var handshakeDuration: Duration?
    /// As the server sent them, its own first, at most 32; also where the handshake failed after they came.
    public private(set) var peerCertificates: [CertificateSummary] = []
    /// Nil when the handshake failed before the server showed a certificate.
    public private(set) var verdict: CertificateVerdict?
    /// The DER of the OCSP response that the server stapled.
    public private(set) var staple: [UInt8]?
    /// The server wants the client to show a certificate. With TLS 1.3 it refuses only after the handshake.
    public private(set) var asksForCertificate = false
    /// The peer's stream ended without TLS's own goodbye: what came last may be missing.
    public private(set) var isTruncated = false

    /// - Parameters:
    ///   - stream: connected; nothing else may use it from here on.
    ///   - host: whom the certificate must name unless `options.serverName` says otherwise.
    ///   - peer: how sentences call the other side.
    /// - Throws: `local_resource_exhausted`, and `unsupported` for versions that this OpenSSL lacks.
    init(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions, trust: TrustStore, peer: String,
        time: any TimeSource
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
        (below, self.options, self.peer, self.time) = (stream, options, peer, time)
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

    // MARK: The handshake

    /// - Throws: `tls_*`, `connection_reset`, `unsupported`; `timeout` (by `code`) at `deadline` and `cancelled`, all at
    ///   stage `tls`. In measuring mode a bad certificate is no failure: see `verdict`.
    func handshake(
        until deadline: Instant, timeout code: ErrorCode = .deadlineExceeded
    ) async throws(ProbeFailure) {
        let started = time.now
        while true {
            OpenSSLErrors.clear()
            let result = SSL_do_handshake(tls)
            let error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(tls, result)
            let problem = ERR_get_error()
            OpenSSLErrors.clear()
            if result == 1 { handshakeDuration = time.now - started - (verdict?.duration ?? .zero) }
            switch error {
            case SSL_ERROR_NONE:
                noteFacts()
                return try await reachingPeer { () async throws(ProbeFailure) in
                    try await self.flush(until: deadline, .tls, code)
                }
            case SSL_ERROR_WANT_READ:
                try await reachingPeer { () async throws(ProbeFailure) in
                    try await self.flush(until: deadline, .tls, code)
                    try await self.fill(until: deadline, .tls, code)
                }
            default:
                if options.mode == .measuring { noteCertificates() }
                // The alert that tells the peer why; it is over whether it gets through or not.
                try? await flush(until: deadline, .tls, code)
                if options.mode == .enforcing, let failure = verdict?.failure { throw failure }
                var failure = TLSFailure.classify(UInt(problem), peer: peer, offered: options.versionsText)
                if asksForCertificate { failure.detail += " It asked for a client certificate." }
                throw failure
            }
        }
    }

    private func noteFacts() {
        session = TLSSession(tls)
        var bytes: UnsafePointer<UInt8>?
        let count = probe_tls_staple(tls, &bytes)
        if let bytes, count > 0 { staple = Array(UnsafeBufferPointer(start: bytes, count: count)) }
        noteCertificates()
    }

    private func noteCertificates() {
        let chain = SSL_get_peer_cert_chain(tls)
        peerCertificates = Self.summaries(chain)
        guard options.mode == .measuring, let leaf = SSL_get0_peer_certificate(tls) else { return }
        verdict = verifier.verify(
            leaf, among: chain, securityLevel: SSL_get_security_level(tls), staple: staple, at: time.wallTime,
            clock: time)
    }

    private static func summaries(_ chain: OpaquePointer?) -> [CertificateSummary] {
        (0..<min(32, probe_x509_count(chain))).compactMap { probe_x509_at(chain, $0).map(CertificateSummary.init) }
    }

    /// Whose SSL it is, for the callbacks of the context that all share.
    static func owner(_ tls: OpaquePointer) -> TLSStream? {
        SSL_get_ex_data(tls, 0).map { Unmanaged<TLSStream>.fromOpaque($0).takeUnretainedValue() }
    }

    func noteCertificateRequest() { asksForCertificate = true }

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

    /// Says whose connection was reset, and when.
    private func reachingPeer(
        _ body: () async throws(ProbeFailure) -> Void
    ) async throws(ProbeFailure) {
        do throws(ProbeFailure) { try await body() } catch {
            guard error.code == .connectionReset else { throw error }
            throw ProbeFailure(.tls, .connectionReset, "\(peer) reset the connection during the TLS handshake.")
        }
    }

    // MARK: Data

    public func read(
        atMost limit: Int, until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) -> [UInt8] {
        if isTruncated { return [] }
        var fruitless = 0
        while true {
            var bytes: [UInt8] = []
            switch take(atMost: limit, into: &bytes) {
            case .success(true): return bytes
            case .success(false): break
            case .failure(let failure):
                try? await flush(until: deadline, stage, code)
                throw ProbeFailure(stage, failure.code, failure.detail)
            }
            try await flush(until: deadline, stage, code)
            // A peer that sends records without data must not outlast the deadline or keep the reactor from others.
            fruitless += 1
            if fruitless % Self.patience == 0 {
                await Task.yield()
                if Task.isCancelled { throw .cancelled(stage) }
                if time.now >= deadline { throw ProbeFailure(stage, code, "No answer came in time.") }
            }
            try await fill(until: deadline, stage, code)
        }
    }

    /// False: OpenSSL needs more bytes. True with none: the peer ended the stream.
    private func take(atMost limit: Int, into bytes: inout [UInt8]) -> Result<Bool, ProbeFailure> {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        var status: Int32 = 0
        bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            status = SSL_read_ex(tls, buffer.baseAddress, limit, &count)
        }
        switch status == 1 ? SSL_ERROR_NONE : SSL_get_error(tls, 0) {
        case SSL_ERROR_NONE, SSL_ERROR_ZERO_RETURN: return .success(true)
        case SSL_ERROR_WANT_READ: return .success(false)
        default:
            let problem = ERR_get_error()
            if ERR_GET_REASON(problem) == SSL_R_UNEXPECTED_EOF_WHILE_READING {
                isTruncated = true
                return .success(true)
            }
            return .failure(TLSFailure.broken(UInt(problem), peer: peer))
        }
    }

    public func write(
        _ bytes: [UInt8], until deadline: Instant, stage: Stage, timeout code: ErrorCode
    ) async throws(ProbeFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.block)
            rest = rest.dropFirst(part.count)
            OpenSSLErrors.clear()
            var written = 0
            let status = part.withUnsafeBytes { SSL_write_ex(tls, $0.baseAddress, $0.count, &written) }
            let problem = ERR_get_error()
            OpenSSLErrors.clear()
            guard status == 1, written == part.count else {
                let failure = TLSFailure.broken(UInt(problem), peer: peer)
                throw ProbeFailure(stage, failure.code, failure.detail)
            }
            try await flush(until: deadline, stage, code)
        }
    }

    /// Tells the peer that no more will be sent (close_notify); waits for no answer.
    public func finish(until deadline: Instant, stage: Stage = .request) async {
        guard session != nil else { return }
        OpenSSLErrors.clear()
        SSL_shutdown(tls)
        OpenSSLErrors.clear()
        try? await flush(until: deadline, stage, .connectionTimeout)
    }

    public func closeWithReset() { below.closeWithReset() }

    // MARK: The stream below

    /// Sends what OpenSSL has to say. Bytes that appear while another task is at it go out with that one's.
    private func flush(until deadline: Instant, _ stage: Stage, _ code: ErrorCode) async throws(ProbeFailure) {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while case let count = BIO_ctrl_pending(outgoing), count > 0 {
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = max(0, Int(BIO_read(outgoing, buffer.baseAddress, Int32(clamping: count))))
            }
            try await below.write(bytes, until: deadline, stage: stage, timeout: code)
        }
    }

    /// Gives OpenSSL what the peer sent, or word of the stream's end.
    private func fill(until deadline: Instant, _ stage: Stage, _ code: ErrorCode) async throws(ProbeFailure) {
        let bytes = try await below.read(atMost: Self.block, until: deadline, stage: stage, timeout: code)
        if bytes.isEmpty { return probe_bio_ends(incoming) }
        guard BIO_write(incoming, bytes, Int32(bytes.count)) == bytes.count else { throw Self.noMemory }
    }
}

extension TLSStream {
    /// A TLS connection over `stream`, its handshake done: what a protocol over TLS begins with.
    /// - Parameters:
    ///   - stream: connected; nothing that the peer sent may be left unread above it.
    ///   - host: whom the certificate must name; sent as SNI where it is a name.
    ///   - peer: how sentences call the other side; nil: as `host`.
    /// - Throws: as `handshake`; `local_resource_exhausted`.
    public static func connect(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions = TLSOptions(), peer: String? = nil,
        on reactor: Reactor, until deadline: Instant, timeout code: ErrorCode = .deadlineExceeded
    ) async throws(ProbeFailure) -> TLSStream {
        let tls = try await make(over: stream, to: host, options, peer: peer, on: reactor, until: deadline)
        try await tls.handshake(until: deadline, timeout: code)
        return tls
    }

    /// The same with the handshake still to be made, for who wants the facts of one that fails.
    static func make(
        over stream: any ByteStream, to host: Host, _ options: TLSOptions, peer: String? = nil,
        on reactor: Reactor, until deadline: Instant
    ) async throws(ProbeFailure) -> TLSStream {
        let trust: TrustStore
        if let given = options.trust {
            trust = given
        } else {
            trust = try await reactor.local(SystemTrust.self).store(until: deadline)
        }
        return try TLSStream(
            over: stream, to: host, options, trust: trust, peer: peer ?? "\(host)", time: reactor.time)
    }
}
