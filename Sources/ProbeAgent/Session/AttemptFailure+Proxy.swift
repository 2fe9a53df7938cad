import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSOCKS
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

extension AttemptFailure {
    /// What ended the way to a proxy, or its handshake.
    init(_ error: any Error, proxy: BackendProxy) {
        if let failure = error as? AttemptFailure {
            self = failure
            return
        }
        let words: String
        switch error {
        case let error as NIOConnectionError: words = Self.words(error)
        // A reset is how a close looks when there was something left to read.
        case let error as IOError where ![ECONNRESET, EPIPE].contains(error.errnoCode):
            words = Errno(rawValue: error.errnoCode).description.lowercased()
        case ChannelError.connectTimeout: words = "it did not answer within 10 s"
        case is HTTPParserError: words = "it does not speak HTTP"
        default: words = "it closed the connection without opening a tunnel"
        }
        self.init(reason: "The proxy \(proxy) cannot be used: \(words).", code: .proxyFailed)
    }

    private static func words(_ error: NIOConnectionError) -> String {
        switch error.connectionErrors.first?.error {
        case nil: "its name cannot be resolved"
        case let error as IOError: Errno(rawValue: error.errnoCode).description.lowercased()
        case ChannelError.connectTimeout?: "it did not answer within 10 s"
        case let error?: "\(error)"
        }
    }

    /// Nil when the error is none of SOCKS.
    init?(socks error: any Error, _ proxy: BackendProxy, _ backend: BackendURL) {
        let words: String
        switch error {
        case let error as SOCKSError.ConnectionFailed:
            words = "did not open a tunnel to \(backend.authority): \(Self.words(error.reply))"
        case is SOCKSError.InvalidAuthenticationSelection, is SOCKSError.NoValidAuthenticationMethod:
            words = "wants a password, which the node cannot give to a SOCKS5 proxy: use an HTTP proxy"
        case is SOCKSError.InvalidProtocolVersion, is SOCKSError.InvalidReservedByte, is SOCKSError.InvalidAddressType,
            is SOCKSError.UnexpectedRead:
            words = "does not speak SOCKS5"
        default: return nil
        }
        self.init(reason: "The proxy \(proxy) \(words).", code: .proxyFailed)
    }

    /// RFC 1928 section 6.
    private static func words(_ reply: SOCKSServerReply) -> String {
        switch reply {
        case .serverFailure: "it failed itself"
        case .notAllowed: "its rules do not allow it"
        case .networkUnreachable: "the network is unreachable"
        case .hostUnreachable: "the host is unreachable"
        case .refused: "the connection was refused"
        case .ttlExpired: "the time to live has expired"
        case .commandUnsupported: "it does not support CONNECT"
        case .addressUnsupported: "it does not support this kind of address"
        default: "it answered \(reply.value)"
        }
    }
}
