import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProbeNative

/// Why no WebSocket came about.
struct AttemptFailure: Error, Hashable {
    var end = ConnectionEnd.failed
    /// One sentence for the log.
    var reason: String
    var code: ErrorCode?
}

extension AttemptFailure {
    /// Puts a name to what NIO threw.
    /// - Parameters:
    ///   - certificate: what was wrong with the server's certificate, if it was that.
    ///   - client: what the node shows of itself.
    init(_ error: any Error, url: BackendURL, certificate: ProbeFailure?, client: ClientCertificate? = nil) {
        switch error {
        case let failure as AttemptFailure: self = failure
        case _ where certificate != nil:
            self.init(reason: certificate?.detail ?? "", code: certificate?.code)
        case let error as NIOConnectionError: self.init(error, url)
        case let error as IOError: self.init(error, url)
        case ChannelError.connectTimeout:
            self.init(reason: "\(url.authority) did not answer within 10 s.", code: .connectionTimeout)
        // With TLS 1.3 the server judges the node's certificate when the node's handshake is over.
        case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])), NIOSSLError.uncleanShutdown:
            self.init(reason: "\(url.authority) closed the connection in the TLS handshake.", code: .tlsHandshakeFailed)
        case NIOSSLError.handshakeFailed(.sslError(let stack)), BoringSSLError.sslError(let stack):
            self.init(stack.first.map(Self.words) ?? "it was not completed", url, client)
        case let refusal as InvalidInput: self.init(reason: refusal.detail)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(reason: "The TLS handshake with \(url.authority) failed: \(error).", code: .tlsHandshakeFailed)
        case is HTTPParserError:
            self.init(reason: "\(url.authority) does not speak HTTP.", code: .httpInvalidResponse)
        case is NIOHTTPClientUpgradeError:
            self.init(reason: "\(url.authority) made a faulty WebSocket handshake.", code: .httpInvalidResponse)
        case is ChannelError:
            self.init(
                reason: "\(url.authority) closed the connection before the WebSocket was open.", code: .connectionReset)
        default: self.init(reason: "The connection to \(url.authority) failed: \(error).")
        }
    }

    /// - Parameter words: BoringSSL's, the server's alert among them.
    private init(_ words: String, _ url: BackendURL, _ client: ClientCertificate?) {
        // An alert about a certificate is about the node's: the server has no other (RFC 8446 section 6.2).
        let isAboutCertificate = ["certificate", "unknown ca", "access denied"].contains { words.contains($0) }
        guard words.contains("alert"), isAboutCertificate else {
            self.init(reason: "The TLS handshake with \(url.authority) failed: \(words).", code: .tlsHandshakeFailed)
            return
        }
        let what =
            client.map { "refused the client certificate \($0.file.quotedForMessage)" }
            ?? "wants a client certificate, which --client-cert and --client-key give"
        self.init(reason: "\(url.authority) \(what): \(words).", code: .tlsClientCertificateRefused)
    }

    private init(_ error: NIOConnectionError, _ url: BackendURL) {
        if let first = error.connectionErrors.first {
            self.init(first.error, url: url, certificate: nil)
        } else {
            self.init(reason: "The name \(error.host.quotedForMessage) cannot be resolved.", code: .resolveFailure)
        }
    }

    private init(_ error: IOError, _ url: BackendURL) {
        let errno = Errno(rawValue: error.errnoCode)
        self.init(reason: "No connection to \(url.authority): \(errno.description.lowercased()).", code: errno.code)
    }

    /// BoringSSL's "error:1000007d:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at FILE:LINE" without its
    /// coordinates.
    private static func words(_ error: BoringSSLInternalError) -> String {
        let text = "\(error)"
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else { return text }
        return text[mark.upperBound...].prefix { $0 != " " }.lowercased().replacing("_", with: " ")
    }

    /// The answer of a server that did not switch to WebSocket.
    init(status: Int, phrase: String, body: String, retryAfter: Duration?, url: BackendURL) {
        let shown = body.isEmpty ? "" : ", saying \(body.quotedForMessage)"
        reason = "\(url.authority) answered HTTP \(status) \(phrase) instead of opening a WebSocket\(shown)."
        if let retryAfter, status == 429 || status == 503 { end = .retryAfter(retryAfter) }
    }
}
