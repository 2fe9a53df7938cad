/// How a TLS connection is to be made.
public struct TLSOptions: Sendable {
    public enum Mode: Sendable, Hashable {
        /// The server's certificates are verified inside the handshake: nothing is sent to a peer that failed. TLS 1.2
        /// up, with the security level of the system.
        case enforcing
        /// The handshake goes on whatever the certificates are; they are verified after it, and `verdict` tells. TLS 1.0
        /// up, every cipher that authenticates the server (security level 0).
        case measuring
    }

    public var mode: Mode
    /// The name sent as SNI (an address never is) and looked for in the certificate. Nil: the host that is connected to.
    public var serverName: Host?
    public var sendsServerName = true
    /// Protocols to offer by ALPN, the preferred first.
    public var alpn: [String]
    /// Nil: the lowest and highest of the mode.
    public var minimum: TLSVersion?
    public var maximum: TLSVersion?
    /// Nil: the system's authorities.
    public var trust: TrustStore?
    /// Asks the server to staple an OCSP response (RFC 6066 section 8); `verdict.staple` tells what it says.
    public var asksForStaple = false

    public init(_ mode: Mode = .enforcing, alpn: [String] = [], trust: TrustStore? = nil) {
        self.mode = mode
        self.alpn = alpn
        self.trust = trust
    }

    var versions: ClosedRange<TLSVersion> {
        let lowest = minimum ?? (mode == .enforcing ? .tls12 : .tls10)
        return lowest...max(lowest, maximum ?? .tls13)
    }

    /// For sentences: "TLS 1.3", "TLS 1.2 to 1.3".
    var versionsText: String {
        let (first, last) = (versions.lowerBound, versions.upperBound)
        return first == last ? "TLS \(first.number)" : "TLS \(first.number) to \(last.number)"
    }
}
