import CCurl
import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

extension CurlTransfer {
    /// Why the finished transfer failed; nil when it did not, or only ended at the body limit.
    var failure: ProbeFailure? {
        guard let result, result != CURLE_OK else { return nil }
        // Ending at the limit is what was asked for.
        if body.isTruncated { return nil }
        if let refusal { return refusal }
        if result == CURLE_OUT_OF_MEMORY, stamps.ready == nil { return exhausted }
        if route.proxy != nil, !isThroughProxy(result) {
            return ProbeFailure(stage, .proxyFailed, "\(route.peer) \(proxyTrouble(result)).")
        }
        if let failure = handshake.verdict?.failure, options.enforcesVerification, stamps.ready == nil {
            return failure
        }
        return failure(result)
    }

    /// Where the proxy is not to blame: beyond its tunnel, or, for a request that it forwards, a body that ends too soon,
    /// which it may have got so.
    private func isThroughProxy(_ result: CURLcode) -> Bool {
        guard let proxy = route.proxy, !proxy.tunnels(request.url) else { return stamps.connected != nil }
        return result == CURLE_PARTIAL_FILE
    }

    /// Completes "The proxy ...".
    private func proxyTrouble(_ result: CURLcode) -> String {
        let status = easy.integer(CURLINFO_HTTP_CONNECTCODE)
        if status >= 300 {
            return "answered CONNECT with status \(status)" + (status == 407 ? ": it wants other credentials" : "")
        }
        if let verdict = proxyHandshake?.verdict?.failure, options.enforcesVerification {
            return "has a certificate that is not good: \(verdict.detail.dropLast())"
        }
        if result == CURLE_COULDNT_CONNECT, let errno { return "could not be reached: \(errno)" }
        return stamps.connected == nil
            ? "did not let the connection through\(because)" : "gave no good answer\(because)"
    }

    private var exhausted: ProbeFailure {
        ProbeFailure(stage, .localResourceExhausted, "The node has no memory or event slot for this request.")
    }

    private func failure(_ result: CURLcode) -> ProbeFailure {
        switch result {
        case CURLE_COULDNT_CONNECT:
            return errno.map { $0.failure(.connect, "connecting to \(route.connect)") }
                ?? ProbeFailure(.connect, .connectionRefused, "Connecting to \(route.connect) failed\(because).")
        case CURLE_OPERATION_TIMEDOUT:
            return ProbeFailure(stage, .connectionTimeout, "No answer while connecting to \(route.connect).")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_INVALIDCERTSTATUS:
            return TLSFailure.classify(easy.errorText, resetBy: errno, peer: "\(route.connect)")
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            if wasReset { return ProbeFailure(stage, .connectionReset, "\(route.connect) reset the connection.") }
            return invalid("The connection broke\(because).")
        case CURLE_GOT_NOTHING:
            return invalid("\(route.connect) closed the connection without an answer.")
        case CURLE_PARTIAL_FILE:
            return ProbeFailure(.body, .truncated, "The connection ended before the body was complete\(because).")
        case CURLE_WRITE_ERROR where headIsTooLarge:
            return invalid("The answer's header is larger than \(ResponseHead.limit) bytes.")
        case CURLE_OUT_OF_MEMORY:
            // A single line above 100 KiB: libcurl has no other name for it.
            return invalid("The answer has a header line that is too long.")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_HTTP2_STREAM,
            CURLE_BAD_CONTENT_ENCODING, CURLE_CHUNK_FAILED:
            return invalid("The answer is not valid HTTP\(because).")
        default:
            return stamps.firstByte == nil
                ? ProbeFailure(stage, .internalError, "libcurl gave up with code \(result.rawValue)\(because).")
                : invalid("The answer is not valid HTTP\(because).")
        }
    }

    private func invalid(_ detail: String) -> ProbeFailure { ProbeFailure(stage, .httpInvalidResponse, detail) }

    /// The kernel's error of the last call on the socket, where libcurl kept one.
    private var errno: Errno? {
        let number = easy.integer(CURLINFO_OS_ERRNO)
        return number == 0 ? nil : Errno(rawValue: Int32(number))
    }

    /// For reads through OpenSSL libcurl keeps no number, but strerror's text is in its sentence.
    private var wasReset: Bool {
        if let errno { return errno.code == .connectionReset }
        return TLSFailure.mentionsReset(easy.errorText)
    }

    private var because: String {
        let text = easy.errorText.unicodeScalars.filter { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
            .prefix(200)
        let trimmed = String(String.UnicodeScalarView(text))
        return trimmed.isEmpty ? "" : ": " + (trimmed.hasSuffix(".") ? String(trimmed.dropLast()) : trimmed)
    }
}
