import ProbeNative

extension Setting {
    static let token = Setting(
        "token", variable: "PROBEOPS_TOKEN", "TOKEN", .token, isSecret: true, into: { $0.enrollment.token = $1 },
        help: "Configuration token from the backend: backend, identifier and key in one. A pnrt_ token is taken as "
            + "--registration-token.")
    static let tokenFile = Setting(
        "token-file", variable: "PROBEOPS_TOKEN_FILE", "FILE", .readableFile,
        into: { $0.enrollment.tokenFile = $1 }, help: "File with the configuration token.")
    static let registrationToken = Setting(
        "registration-token", variable: "PROBEOPS_REGISTRATION_TOKEN", "TOKEN", .token, isSecret: true,
        into: { $0.enrollment.registrationToken = $1 },
        help: "Token (pnrt_...) with which a node that has no identity yet registers before it starts; what it gets is "
            + "kept in --state-dir.")
    /// Not looked at where there is an identity, so it may be gone by then.
    static let registrationTokenFile = Setting(
        "registration-token-file", variable: "PROBEOPS_REGISTRATION_TOKEN_FILE", "FILE", .path,
        into: { $0.enrollment.registrationTokenFile = $1 },
        help: "File with the registration token; not needed any more once the node is registered.")
    static let nodeName = Setting(
        "name", variable: "PROBEOPS_NODE_NAME", "NAME", default: "the host name", .label,
        into: { $0.enrollment.name = $1 }, help: "Name under which the node registers.")
    static let region = Setting(
        "region", variable: "PROBEOPS_REGION", "NAME", .label, into: { $0.enrollment.region = $1 },
        help: "Region that it registers for.")
    static let zone = Setting(
        "zone", variable: "PROBEOPS_ZONE", "NAME", .label, into: { $0.enrollment.zone = $1 },
        help: "Zone within the region.")

    public static let enrollment = [token, tokenFile, registrationToken, registrationTokenFile, nodeName, region, zone]

    /// What `register` takes: the way to the backend, the node's description, and where its identity is kept.
    public static let registration: [Setting] = {
        let names = [
            "config", "backend", "hostname", "ca-file", "allow-plaintext", "max-concurrent", "state-dir", "user",
            "tools",
        ]
        return all.filter { names.contains($0.name) } + [pin, clientCertificate, clientKey, proxy] + enrollment
    }()

    /// What a node may be called by its backend.
    static func isIdentifier(_ text: String) -> Bool {
        ValueFormat<String>.word(limit: 128, "an identifier").read(text) != nil
    }
}

extension ValueFormat where Value == Secret {
    static var token: Self {
        let word = ValueFormat<String>.word(limit: ConfigToken.longest, "a token")
        return Self(allowed: word.allowed) { word.read($0).map(Secret.init) }
    }
}

extension ValueFormat where Value == String {
    /// What people call something.
    static var label: Self {
        Self(allowed: "a name of 1 to 255 bytes without control characters") { text in
            let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
            return (1...255).contains(text.utf8.count) && isPrintable ? text : nil
        }
    }
}
