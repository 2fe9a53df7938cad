import ProbeNative

extension ConfigurationLoader {
    /// The settings of `register`: no identity is needed, but a token and a place to keep what it is traded for.
    public func loadRegistration() throws(ConfigurationError) -> LoadedConfiguration {
        try load(usesIdentity: false) { (configuration, found) throws(ConfigurationError) in
            let backend = try checkBackend(configuration, found)
            configuration.enrollment.registrationToken = try registrationToken(found)
            if configuration.enrollment.registrationToken == nil, found.values.contains(where: { $0.source == .token })
            {
                throw ConfigurationError(Self.noRegistrationToken)
            }
            try Self.checkEnrollment(configuration)
            return backend
        }
    }

    /// The settings of a node that may lack a backend or an identity.
    public func loadIncomplete() throws(ConfigurationError) -> LoadedConfiguration {
        try load { (configuration, found) throws(ConfigurationError) in
            if found[Setting.backend.name] == nil { return nil }
            return try checkBackend(configuration, found)
        }
    }

    private static let noRegistrationToken =
        "The token is no registration token, which begins with \(Enrollment.registrationPrefix). With a configuration token "
        + "a node needs no registration: probe-agent run --token-file FILE."

    private func registrationToken(_ found: [String: Given]) throws(ConfigurationError) -> Secret? {
        try text(of: .registrationToken, orIn: .registrationTokenFile, found)?.0
    }

    static func checkEnrollment(_ configuration: AgentConfiguration) throws(ConfigurationError) {
        guard configuration.stateDirectory != nil else {
            throw ConfigurationError(
                "Registering needs a folder that keeps the node's identity: give --state-dir DIR or PROBEOPS_STATE_DIR."
            )
        }
        guard let token = configuration.enrollment.registrationToken else {
            throw ConfigurationError(
                "No registration token is set: give --token-file FILE, PROBEOPS_REGISTRATION_TOKEN_FILE or "
                    + "PROBEOPS_REGISTRATION_TOKEN.")
        }
        guard token.revealed.hasPrefix(Enrollment.registrationPrefix) else {
            throw ConfigurationError(noRegistrationToken)
        }
    }

    /// Reads the tokens that are given, and puts what a configuration token holds beside what other sources say.
    func addToken(_ found: inout [String: Given]) throws(ConfigurationError) {
        if let (token, source) = try text(of: .token, orIn: .tokenFile, found) {
            if token.revealed.hasPrefix(Enrollment.registrationPrefix) {
                if found[Setting.registrationToken.name] == nil {
                    found[Setting.registrationToken.name] = Given(text: token.revealed, source: source, name: "--token")
                }
            } else {
                try addClaims(of: token, &found)
            }
            found[Setting.token.name] = nil
        }
    }

    private func addClaims(of token: Secret, _ found: inout [String: Given]) throws(ConfigurationError) {
        let source = (found[Setting.token.name] ?? found[Setting.tokenFile.name])?.name ?? Setting.token.flag
        let token = try ConfigToken(token, from: source, now: SystemTime().wallTime)
        for (setting, claim) in token.claims where (found[setting]?.source.rawValue ?? -1) < Source.token.rawValue {
            found[setting] = Given(text: claim.text, source: .token, name: "The token's \(claim.claim)")
        }
    }

    /// The stronger of a secret and of the file that holds it.
    private func text(
        of setting: Setting, orIn fileSetting: Setting, _ found: [String: Given]
    ) throws(ConfigurationError) -> (Secret, Source)? {
        switch (found[setting.name], found[fileSetting.name]) {
        case (nil, nil): return nil
        case (let given?, let file?) where given.source == file.source:
            throw ConfigurationError("\(given.name) and \(file.name) are both given: use one of them.")
        case (let given?, let file) where given.source.rawValue > (file?.source.rawValue ?? -1):
            return (Secret(given.text), given.source)
        case (_, let file?): return (try Self.token(inFile: file.text), file.source)
        case (let given?, nil): return (Secret(given.text), given.source)
        }
    }

    private static func token(inFile path: String) throws(ConfigurationError) -> Secret {
        let words = try BoundedFile(path: path, limit: 64 << 10).text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let token = ValueFormat<Secret>.token.read(String(words[0])) else {
            throw ConfigurationError("The token file \(path) must hold one token, and nothing else.")
        }
        return token
    }

    /// What a registration left fills in what no other source says; where there is no identity at all, a registration
    /// token makes the node register.
    func readIdentity(
        _ configuration: inout AgentConfiguration, _ found: inout [String: Given], _ warnings: inout [String]
    ) throws(ConfigurationError) {
        let hasKey = !configuration.apiKey.revealed.isEmpty
        guard configuration.nodeUUID.isEmpty || !hasKey || configuration.backend.isEmpty else { return }
        let identity = try configuration.stateDirectory.flatMap { directory throws(ConfigurationError) in
            try Identity(in: directory)
        }
        guard let identity else {
            guard configuration.nodeUUID.isEmpty, !hasKey else { return }
            guard let token = try registrationToken(found) else { return }
            configuration.enrollment.registrationToken = token
            configuration.enrollment.isDue = true
            return
        }
        // A key belongs to its UUID: another node's is of no use.
        guard configuration.nodeUUID.isEmpty || configuration.nodeUUID == identity.nodeUUID else { return }
        configuration.nodeUUID = identity.nodeUUID
        if !hasKey { configuration.apiKey = identity.apiKey }
        if configuration.backend.isEmpty {
            configuration.backend = identity.backend
            found[Setting.backend.name] = Given(
                text: identity.backend, source: .identity, name: "The backend of \(Identity.fileName)")
        } else if configuration.backend != identity.backend {
            warnings.append(
                "The node is registered with \(identity.backend), but its backend is \(configuration.backend): the key "
                    + "may not be known there.")
        }
    }
}
