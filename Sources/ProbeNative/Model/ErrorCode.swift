/// A stable name for what went wrong. The list is published (docs/failures.md); programs match on it, never on sentences.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    private init(_ name: String) { rawValue = name }

    // The node did not measure.
    public static let invalidParameters = ErrorCode("invalid_parameters")
    public static let unknownTool = ErrorCode("unknown_tool")
    public static let unsupported = ErrorCode("unsupported")
    public static let policyDenied = ErrorCode("policy_denied")
    public static let rateLimited = ErrorCode("rate_limited")
    public static let queueFull = ErrorCode("queue_full")
    public static let cancelled = ErrorCode("cancelled")
    public static let shuttingDown = ErrorCode("shutting_down")
    public static let localResourceExhausted = ErrorCode("local_resource_exhausted")
    public static let permissionDenied = ErrorCode("permission_denied")
    public static let internalError = ErrorCode("internal_error")
    public static let resultTooLarge = ErrorCode("result_too_large")

    // The measurement ran into its end.
    public static let deadlineExceeded = ErrorCode("deadline_exceeded")

    // Names.
    public static let resolveNXDomain = ErrorCode("resolve_nxdomain")
    public static let resolveTimeout = ErrorCode("resolve_timeout")
    public static let resolveRefused = ErrorCode("resolve_refused")
    public static let resolveFailure = ErrorCode("resolve_failure")
    public static let noAddress = ErrorCode("no_address")
    public static let dnssecBogus = ErrorCode("dnssec_bogus")

    // The path and the peer.
    public static let connectionRefused = ErrorCode("connection_refused")
    public static let connectionTimeout = ErrorCode("connection_timeout")
    public static let connectionReset = ErrorCode("connection_reset")
    public static let hostUnreachable = ErrorCode("host_unreachable")
    public static let networkUnreachable = ErrorCode("network_unreachable")
    public static let noReply = ErrorCode("no_reply")
    public static let packetTooBig = ErrorCode("packet_too_big")

    // TLS.
    public static let tlsHandshakeFailed = ErrorCode("tls_handshake_failed")
    public static let tlsUnknownAuthority = ErrorCode("tls_unknown_authority")
    public static let tlsSelfSigned = ErrorCode("tls_self_signed")
    public static let tlsIncompleteChain = ErrorCode("tls_incomplete_chain")
    public static let tlsCertificateExpired = ErrorCode("tls_certificate_expired")
    public static let tlsCertificateNotYetValid = ErrorCode("tls_certificate_not_yet_valid")
    public static let tlsCertificateRevoked = ErrorCode("tls_certificate_revoked")
    public static let tlsHostnameMismatch = ErrorCode("tls_hostname_mismatch")
    public static let tlsPinMismatch = ErrorCode("tls_pin_mismatch")
    public static let tlsClientCertificateRefused = ErrorCode("tls_client_certificate_refused")
    public static let tlsVersionUnsupported = ErrorCode("tls_version_unsupported")

    // What the peer said.
    public static let httpInvalidResponse = ErrorCode("http_invalid_response")
    public static let tooManyRedirects = ErrorCode("too_many_redirects")
    public static let bodyTooLarge = ErrorCode("body_too_large")
    public static let expectationFailed = ErrorCode("expectation_failed")
    public static let proxyFailed = ErrorCode("proxy_failed")
    public static let protocolError = ErrorCode("protocol_error")
    public static let truncated = ErrorCode("truncated")

    /// All of the above.
    public static let published: [ErrorCode] = [
        .invalidParameters, .unknownTool, .unsupported, .policyDenied, .rateLimited, .queueFull, .cancelled,
        .shuttingDown, .localResourceExhausted, .permissionDenied, .internalError, .resultTooLarge,
        .deadlineExceeded, .resolveNXDomain, .resolveTimeout, .resolveRefused, .resolveFailure, .noAddress,
        .dnssecBogus, .connectionRefused, .connectionTimeout, .connectionReset, .hostUnreachable,
        .networkUnreachable, .noReply, .packetTooBig, .tlsHandshakeFailed, .tlsUnknownAuthority, .tlsSelfSigned,
        .tlsIncompleteChain, .tlsCertificateExpired, .tlsCertificateNotYetValid, .tlsCertificateRevoked,
        .tlsHostnameMismatch, .tlsPinMismatch, .tlsClientCertificateRefused, .tlsVersionUnsupported,
        .httpInvalidResponse, .tooManyRedirects, .bodyTooLarge, .expectationFailed, .proxyFailed, .protocolError,
        .truncated,
    ]
}
