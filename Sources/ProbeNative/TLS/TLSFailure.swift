import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Reads OpenSSL's sentences about a failed handshake, which is all that libcurl passes on.
enum TLSFailure {
    /// - Parameters:
    ///   - text: with OpenSSL's `error:0A00042E:SSL routines::...` in it where the queue had an error.
    ///   - reset: the socket's own error, where there was one.
    static func classify(_ text: String, resetBy reset: Errno?, peer: String) -> ProbeFailure {
        let reason = packedError(in: text).map { Int32(ERR_GET_REASON($0)) }
        switch reason {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_NO_PROTOCOLS_AVAILABLE,
            SSL_R_VERSION_TOO_LOW, SSL_R_WRONG_SSL_VERSION, SSL_R_UNSUPPORTED_SSL_VERSION:
            return ProbeFailure(.tls, .tlsVersionUnsupported, "\(peer) speaks no TLS version from 1.2 up.")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) does not answer with TLS on this port.")
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) refused the handshake: certificate revoked.")
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) closed the connection during the TLS handshake.")
        case let reason?:
            return ProbeFailure(
                .tls, .tlsHandshakeFailed, "The TLS handshake with \(peer) failed: \(words(text, reason)).")
        case nil:
            if reset?.code == .connectionReset || mentionsReset(text) {
                return ProbeFailure(.tls, .connectionReset, "\(peer) reset the connection during the TLS handshake.")
            }
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) ended the connection during the TLS handshake.")
        }
    }

    static func mentionsReset(_ text: String) -> Bool {
        [ECONNRESET, EPIPE].contains { text.contains(Errno(rawValue: $0).description) }
    }

    /// The number after `error:` (ERR_error_string_n(3)).
    private static func packedError(in text: String) -> UInt? {
        guard let mark = text.firstRange(of: "error:") else { return nil }
        return UInt(text[mark.upperBound...].prefix { $0.isHexDigit }, radix: 16)
    }

    private static func words(_ text: String, _ reason: Int32) -> String {
        guard let last = text.split(separator: ":").last, !last.isEmpty else { return "reason \(reason)" }
        return String(last.prefix(100))
    }
}
