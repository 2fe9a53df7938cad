import COpenSSL

/// The SSL_CTX that all connections of a mode share. What differs between connections is set on the SSL.
final class TLSContext: @unchecked Sendable {
    // @unchecked: an SSL_CTX locks itself, and nothing changes this one after its initializer.

    /// SSL_CTX.
    let pointer: OpaquePointer

    private static let enforcing = TLSContext(.enforcing)
    private static let measuring = TLSContext(.measuring)

    /// Nil without memory.
    static func shared(_ mode: TLSOptions.Mode) -> TLSContext? { mode == .enforcing ? enforcing : measuring }

    private init?(_ mode: TLSOptions.Mode) {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.clear() }
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { return nil }
        self.pointer = pointer
        SSL_CTX_set_options(pointer, PROBE_TLS_OPTIONS)
        // A resumed session would show neither certificates nor what a full handshake costs.
        probe_tls_no_session_cache(pointer)
        if mode == .measuring {
            // Debian's openssl.cnf sets level 2, at which OpenSSL refuses TLS 1.0 and 1.1, and short keys.
            SSL_CTX_set_security_level(pointer, 0)
            SSL_CTX_set_options(pointer, PROBE_TLS_LEGACY)
            SSL_CTX_set_cipher_list(pointer, "DEFAULT:@SECLEVEL=0")
        }
        SSL_CTX_set_client_cert_cb(pointer) { tls, _, _ in tls.map { TLSConnection.certificateWasAsked($0) } ?? 0 }
        SSL_CTX_set_cert_verify_callback(
            pointer, { store, _ in store.map { TLSConnection.verify($0) } ?? 0 }, nil)
    }

    deinit { SSL_CTX_free(pointer) }
}
