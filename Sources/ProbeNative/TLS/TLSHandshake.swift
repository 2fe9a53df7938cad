import COpenSSL

/// Watches the handshake of a library that makes its own TLS connection (libcurl): verifies the server's certificates
/// inside it, and keeps what was negotiated also when it fails.
final class TLSHandshake {
    private(set) var verdict: CertificateVerdict?
    /// `TLSv1.3`, `TLSv1.2`, ...
    private(set) var version: String?
    /// OpenSSL's name of the cipher suite.
    private(set) var cipher: String?
    /// Nil until `complete`.
    private(set) var session: TLSSession?
    /// The server sent a word of its authority on its certificate; nil until `complete`.
    private(set) var isStapled: Bool?

    /// Of the connection that is being verified; valid as long as that lives.
    private var tls: OpaquePointer?

    private var verifier: CertificateVerifier?
    private var isEnforced = true
    private var time: any TimeSource = SystemTime()

    /// Takes over the verification of an SSL_CTX that is used for one connection and ends before this object does.
    func attach(to context: OpaquePointer, verifier: CertificateVerifier?, enforces: Bool, time: any TimeSource) {
        self.verifier = verifier
        self.time = time
        isEnforced = enforces
        probe_tls_context_asks_for_staple(context)
        let me = Unmanaged.passUnretained(self).toOpaque()
        SSL_CTX_set_cert_verify_callback(
            context,
            { store, me in
                guard let store, let me else { return 0 }
                return Unmanaged<TLSHandshake>.fromOpaque(me).takeUnretainedValue().verify(store)
            }, me)
    }

    /// Call when the handshake is done and its connection still there.
    func complete() {
        guard let tls else { return }
        session = TLSSession(tls)
        var staple: UnsafePointer<UInt8>?
        isStapled = probe_tls_staple(tls, &staple) > 0
        self.tls = nil
    }

    /// 1 lets the handshake go on. The error that is set chooses the alert that the peer gets.
    private func verify(_ context: OpaquePointer) -> Int32 {
        if let tls = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()) {
            let tls = OpaquePointer(tls)
            self.tls = tls
            version = String(cString: SSL_get_version(tls))
            // Up to TLS 1.2 the cipher suite is chosen, but not in use yet.
            let suite = SSL_get_current_cipher(tls) ?? SSL_get_pending_cipher(tls)
            cipher = suite.map { String(cString: SSL_CIPHER_get_name($0)) }
        }
        guard let verifier else {
            X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED)
            return 0
        }
        let verdict = verifier.verify(context, at: time.wallTime, clock: time)
        self.verdict = verdict
        X509_STORE_CTX_set_error(context, isEnforced ? verdict.error : X509_V_OK)
        return verdict.isGood || !isEnforced ? 1 : 0
    }
}
