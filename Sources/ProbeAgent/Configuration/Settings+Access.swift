import ProbeNative

extension Setting {
    static let access = [pin, clientCertificate, clientKey, proxy, redactHeaders]

    static let pin = Setting(
        "pin", variable: "PROBEOPS_PINS", "PIN", .pins, isList: true, into: { $0.access.pins = $1 },
        help: "Public key that the backend's certificate, or one above it, must have, beside being trusted.")
    static let clientCertificate = Setting(
        "client-cert", variable: "PROBEOPS_CLIENT_CERT", "FILE", .readableFile,
        into: { $0.access.clientCertificateFile = $1 },
        help: "PEM file with the certificate that the node shows the backend, and its intermediates.")
    static let clientKey = Setting(
        "client-key", variable: "PROBEOPS_CLIENT_KEY", "FILE", .readableFile, into: { $0.access.clientKeyFile = $1 },
        help: "PEM file with the key of --client-cert, without a password.")
    static let proxy = Setting(
        "proxy", variable: "PROBEOPS_PROXY", "URL", .proxy, isSecret: true, into: { $0.access.proxy = $1 },
        help: "Proxy to the backend; without it HTTPS_PROXY, ALL_PROXY and NO_PROXY say, as with curl.")

    static let redactHeaders = Setting(
        "redact-headers", variable: "PROBEOPS_REDACT_HEADERS", "NAMES", .headerNames, isList: true,
        into: { $0.redactedHeaders = $1 },
        help: "Header fields whose values are left out of results, also where a body repeats them.")

    /// Flags and variables whose values are blanked in the process's memory that others can see.
    public static let secretFlags = all.filter(\.isSecret).map(\.flag)
    public static let secretVariables = all.filter(\.isSecret).compactMap(\.variable) + ProxyEnvironment.names
}

extension ValueFormat where Value == KeyPins {
    static var pins: Self {
        Self(
            allowed: "two or more different pins such as sha256/BASE64=, joined by commas or one a flag, of which one "
                + "should be for a key that is kept in reserve",
            read: KeyPins.init)
    }
}

extension ValueFormat where Value == HeaderRedaction {
    static var headerNames: Self {
        Self(
            allowed: "names of header fields, or default for Authorization, Proxy-Authorization, Cookie and Set-Cookie",
            read: { HeaderRedaction($0) })
    }
}

extension ValueFormat where Value == ProxyChoice {
    static var proxy: Self { Self(allowed: BackendProxy.allowed + "; or none", read: { ProxyChoice($0) }) }
}
