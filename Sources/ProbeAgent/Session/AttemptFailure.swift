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
    /// - Parameter certificate: what was wrong with the server's certificate, if it was that.
    init(_ error: any Error, url: BackendURL, certificate: ProbeFailure?) {
        switch error {
        case let failure as AttemptFailure: self = failure
        case _ where certificate != nil:
            self.init(reason: certificate?.detail ?? "", code: certificate?.code)
        case let error as NIOConnectionError: self.init(error, url)
        case let error as IOError: self.init(error, url)
        case ChannelError.connectTimeout:
            self.init(reason: "\(url.authority) did not answer within 10 s.", code: .connectionTimeout)
        case NIOSSLError.handshakeFailed(.sslError(let stack)):
            let why = stack.first.map(Self.words) ?? "it was not completed"
            self.init(reason: "The TLS handshake with \(url.authority) failed: \(why).", code: .tlsHandshakeFailed)
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

    /// BoringSSL's "error:1000007d:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at ..." without its coordinates.
    private static func words(_ error: BoringSSLInternalError) -> String {
        let text = "\(error)"
        guard let reason = text.split(separator: ":").last?.split(separator: " ").first else { return text }
        return reason.lowercased().replacing("_", with: " ")
    }

    /// The answer of a server that did not switch to WebSocket.
    init(status: Int, phrase: String, body: String, retryAfter: Duration?, url: BackendURL) {
        let shown = body.isEmpty ? "" : ", saying \(body.quotedForMessage)"
        reason = "\(url.authority) answered HTTP \(status) \(phrase) instead of opening a WebSocket\(shown)."
        if let retryAfter, status == 429 || status == 503 { end = .retryAfter(retryAfter) }
    }
}
