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
        if let failure = handshake.verdict?.failure, enforcesVerification, stamps.ready == nil { return failure }
        return failure(result)
    }

    private func failure(_ result: CURLcode) -> ProbeFailure {
        switch result {
        case CURLE_COULDNT_CONNECT:
            return errno.map { $0.failure(.connect, "connecting to \(address)") }
                ?? ProbeFailure(.connect, .connectionRefused, "Connecting to \(address) failed\(because).")
        case CURLE_OPERATION_TIMEDOUT:
            return ProbeFailure(stage, .connectionTimeout, "No answer while connecting to \(address).")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_INVALIDCERTSTATUS:
            return TLSFailure.classify(easy.errorText, resetBy: errno, peer: "\(address)")
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            if wasReset { return ProbeFailure(stage, .connectionReset, "\(address) reset the connection.") }
            return invalid("The connection broke\(because).")
        case CURLE_GOT_NOTHING:
            return invalid("\(address) closed the connection without an answer.")
        case CURLE_PARTIAL_FILE:
            return ProbeFailure(.body, .truncated, "The connection ended before the body was complete\(because).")
        case CURLE_WRITE_ERROR where headIsTooLarge:
            return invalid("The answer's header is larger than \(ResponseHead.limit) bytes.")
        case CURLE_OUT_OF_MEMORY where stamps.ready != nil:
            // A single line above 100 KiB: libcurl has no other name for it.
            return invalid("The answer has a header line that is too long.")
        case CURLE_OUT_OF_MEMORY:
            return ProbeFailure(
                stage, .localResourceExhausted, "The node has no memory or event slot for this request.")
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
