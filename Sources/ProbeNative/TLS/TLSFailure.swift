import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Names what went wrong with TLS, from OpenSSL's error or from libcurl's sentence about it.
enum TLSFailure {
    /// What libcurl says of a handshake.
    /// - Parameters:
    ///   - text: with OpenSSL's `error:0A00042E:SSL routines::...` in it where the queue had an error.
    ///   - reset: the socket's own error, where there was one.
    static func classify(_ text: String, resetBy reset: Errno?, peer: String) -> ProbeFailure {
        if let code = packedError(in: text) { return classify(code, peer: peer, offered: "TLS 1.2 to 1.3") }
        if reset?.code == .connectionReset || mentionsReset(text) {
            return ProbeFailure(.tls, .connectionReset, "\(peer) reset the connection during the TLS handshake.")
        }
        return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) ended the connection during the TLS handshake.")
    }

    /// - Parameters:
    ///   - code: of OpenSSL's error queue; 0 where it was empty.
    ///   - offered: the versions that we would have spoken.
    static func classify(_ code: UInt, peer: String, offered: String) -> ProbeFailure {
        switch ERR_GET_REASON(code) {
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
            // By its configuration, before anything was sent.
            return ProbeFailure(.tls, .unsupported, "This node's OpenSSL may not speak \(offered).")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_VERSION_TOO_LOW,
            SSL_R_WRONG_SSL_VERSION, SSL_R_UNSUPPORTED_SSL_VERSION:
            return ProbeFailure(.tls, .tlsVersionUnsupported, "\(peer) does not speak \(offered).")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) does not answer with TLS on this port.")
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) refused the handshake: certificate revoked.")
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return ProbeFailure(.tls, .tlsHandshakeFailed, "\(peer) closed the connection during the TLS handshake.")
        default:
            return ProbeFailure(
                .tls, .tlsHandshakeFailed, "The TLS handshake with \(peer) failed: \(words(code)).")
        }
    }

    /// A connection that broke after its handshake.
    static func broken(_ code: UInt, peer: String) -> ProbeFailure {
        ProbeFailure(.tls, .protocolError, "The TLS connection with \(peer) broke: \(words(code)).")
    }

    static func mentionsReset(_ text: String) -> Bool {
        [ECONNRESET, EPIPE].contains { text.contains(Errno(rawValue: $0).description) }
    }

    /// The number after `error:` (ERR_error_string_n(3)).
    private static func packedError(in text: String) -> UInt? {
        guard let mark = text.firstRange(of: "error:") else { return nil }
        return UInt(text[mark.upperBound...].prefix { $0.isHexDigit }, radix: 16)
    }

    private static func words(_ code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
