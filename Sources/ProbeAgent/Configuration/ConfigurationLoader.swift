import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// A configuration and what its reader should be told about it once there is a log.
public struct LoadedConfiguration: Sendable {
    public var configuration: AgentConfiguration
    public var warnings: [String]
    /// The text of each setting that was given, by its name.
    var given: [String: Secret] = [:]

    /// The names of the settings that differ in `new`: those that a reload brings into force, and those that only a new
    /// process takes.
    public func changes(to new: LoadedConfiguration) -> (reloadable: [String], fixed: [String]) {
        let changed = Setting.all.filter { given[$0.name] != new.given[$0.name] }
        return (changed.filter(\.isReloadable).map(\.name), changed.filter { !$0.isReloadable }.map(\.name))
    }

    /// The settings of those names are as in `new` from now on.
    public mutating func take(_ names: [String], of new: LoadedConfiguration) {
        for name in names { given[name] = new.given[name] }
    }
}

/// Puts a configuration together: flags over environment over a configuration token over the config file over what a
/// registration left in the state directory over defaults. Of a setting that is given
/// more than once only the strongest value counts, and only that one is checked.
public struct ConfigurationLoader: Sendable {
    /// By the setting's name; a switch has the text "true" or "false".
    public var flags: [String: String]
    public var environment: [String: String]
    /// Where Docker puts secrets.
    var secretsFolder = "/run/secrets"

    public init(flags: [String: String], environment: [String: String]) {
        self.flags = flags
        self.environment = environment
    }

    public func load() throws(ConfigurationError) -> LoadedConfiguration {
        try load { (configuration, found) throws(ConfigurationError) in try check(configuration, found) }
    }

    /// - Parameters:
    ///   - usesIdentity: whether what a registration left is looked at.
    ///   - check: says what is missing or does not go together; returns where the backend is, if there is one.
    func load(
        usesIdentity: Bool = true,
        _ check: (inout AgentConfiguration, [String: Given]) throws(ConfigurationError) -> BackendURL?
    ) throws(ConfigurationError) -> LoadedConfiguration {
        var configuration = AgentConfiguration(backend: "", nodeUUID: "", apiKey: Secret(""))
        let file = try configurationFile(&configuration)
        var found: [String: Given] = [:]
        for setting in Setting.all where setting.name != Setting.config.name {
            found[setting.name] = given(setting, in: file)
        }
        try addToken(&found)
        try settleRivals(&found)
        for setting in Setting.all {
            if let given = found[setting.name] { try apply(given, of: setting, to: &configuration) }
        }
        var warnings = unknownVariables()
        try readKeyFile(&configuration, &warnings)
        if found[Setting.key.name]?.source == .flag {
            warnings.append("--key shows the API key to other users for a moment; --key-file FILE does not.")
        }
        if let file, file.isReadableByOthers, found[Setting.key.name]?.source == .file {
            warnings.append("\(file.path) holds the API key and can be read by other users: chmod 600 \(file.path)")
        }
        if flags[Setting.token.name] != nil || flags[Setting.registrationToken.name] != nil {
            warnings.append("A token on the command line is seen by other users for a moment; --token-file is not.")
        }
        // Not with what the identity adds: a node that has registered since was given nothing else.
        let given = found.mapValues { Secret($0.text) }
        if usesIdentity { try readIdentity(&configuration, &found, &warnings) }
        if let backend = try check(&configuration, found) { try configuration.chooseProxy(environment, for: backend) }
        return LoadedConfiguration(configuration: configuration, warnings: warnings, given: given)
    }

    /// What the settings of the policy say, of a node that may lack everything else.
    public func loadPolicy() throws(ConfigurationError) -> TargetPolicy { try load(only: Setting.policy).policy }

    /// Where the node of these settings can be asked; nil where it cannot.
    public func loadControlPath() throws(ConfigurationError) -> String? {
        let configuration = try load(only: Setting.controlPath)
        return configuration.controlSocket.place(
            stateDirectory: configuration.stateDirectory, environment: environment, for: F_OK)?.path
    }

    /// What some settings say, of a process that needs no others.
    public func load(only settings: [Setting]) throws(ConfigurationError) -> AgentConfiguration {
        var configuration = AgentConfiguration(backend: "", nodeUUID: "", apiKey: Secret(""))
        let file = try configurationFile(&configuration)
        for setting in settings where setting.name != Setting.config.name {
            if let given = given(setting, in: file) { try apply(given, of: setting, to: &configuration) }
        }
        return configuration
    }

    private func configurationFile(
        _ configuration: inout AgentConfiguration
    ) throws(ConfigurationError) -> ConfigurationFile? {
        guard let given = given(Setting.config, in: nil) else { return nil }
        try apply(given, of: Setting.config, to: &configuration)
        return try ConfigurationFile(path: given.text)
    }

    // MARK: - Sources

    /// Weakest first.
    enum Source: Int { case identity, file, token, environment, flag }

    struct Given {
        var text: String
        var source: Source
        /// As a sentence names it: `--heartbeat`, `PROBEOPS_HEARTBEAT_INTERVAL`, `node.yaml:3: heartbeat`.
        var name: String
    }

    private func given(_ setting: Setting, in file: ConfigurationFile?) -> Given? {
        if let text = flags[setting.name] { return Given(text: text, source: .flag, name: setting.flag) }
        // An empty variable is how compose files and unit files say "not set".
        if let variable = setting.variable, let text = environment[variable], !text.isEmpty {
            return Given(text: text, source: .environment, name: variable)
        }
        if let file, let entry = file.entries[setting.key] {
            return Given(text: entry.text, source: .file, name: "\(file.path):\(entry.line): \(setting.key)")
        }
        return nil
    }

    private func apply(
        _ given: Given, of setting: Setting, to configuration: inout AgentConfiguration
    ) throws(ConfigurationError) {
        if setting.apply(given.text, &configuration) { return }
        let shown = setting.isSecret ? "what is given there (not shown, it is secret)" : given.text.quotedForMessage
        throw ConfigurationError("\(given.name) must be \(setting.allowed), not \(shown).")
    }

    // MARK: - What concerns more than one setting

    /// Two settings that say the same thing: the one from the stronger source stands.
    private func settleRivals(_ found: inout [String: Given]) throws(ConfigurationError) {
        if let key = found[Setting.key.name], let file = found[Setting.keyFile.name] {
            guard key.source != file.source else {
                throw ConfigurationError("\(key.name) and \(file.name) are both given: use one of them.")
            }
            let weaker = key.source.rawValue < file.source.rawValue ? Setting.key : Setting.keyFile
            found[weaker.name] = nil
        }
        // `--no-verbose` says nothing about the level.
        if found[Setting.verbose.name]?.text == "false" { found[Setting.verbose.name] = nil }
        if let level = found[Setting.logLevel.name], let verbose = found[Setting.verbose.name] {
            let weaker = level.source.rawValue < verbose.source.rawValue ? Setting.logLevel : Setting.verbose
            found[weaker.name] = nil
        }
    }

    private func readKeyFile(
        _ configuration: inout AgentConfiguration, _ warnings: inout [String]
    ) throws(ConfigurationError) {
        let isGiven = configuration.apiKeyFile != nil
        if !isGiven, configuration.apiKey.revealed.isEmpty {
            configuration.apiKeyFile = KeyFile.stores(environment, secrets: secretsFolder).first(
                where: BoundedFile.isReadable)
        }
        guard let path = configuration.apiKeyFile else { return }
        let file = try KeyFile(path: path)
        configuration.apiKey = file.key
        // Who may read a store is its manager's affair: Docker's secrets are readable by all inside the container.
        if isGiven, file.isReadableByOthers {
            warnings.append("The key file \(path) can be read by other users: chmod 600 \(path)")
        }
    }

    private func check(
        _ configuration: AgentConfiguration, _ found: [String: Given]
    ) throws(ConfigurationError) -> BackendURL {
        let url = try checkBackend(configuration, found)
        let isDue = configuration.enrollment.isDue
        if isDue { try Self.checkEnrollment(configuration) }
        if configuration.nodeUUID.isEmpty, !isDue {
            throw ConfigurationError(
                "No node identifier is set: give --uuid ID or PROBEOPS_NODE_UUID, or register the node "
                    + "(probe-agent register --help).")
        }
        if configuration.apiKey.revealed.isEmpty, !isDue {
            throw ConfigurationError(
                "No API key is set: give --key-file FILE, PROBEOPS_API_KEY_FILE or PROBEOPS_API_KEY.")
        }
        let (initial, longest) = (configuration.reconnect.initial, configuration.reconnect.maximum)
        if initial > longest {
            throw ConfigurationError(
                "The longest reconnect delay (\(longest.shown)) is below the first one (\(initial.shown)).")
        }
        return url
    }

    /// What concerns the way to the backend.
    func checkBackend(
        _ configuration: AgentConfiguration, _ found: [String: Given]
    ) throws(ConfigurationError) -> BackendURL {
        guard let backend = found[Setting.backend.name] else {
            throw ConfigurationError("No backend is set: give --backend URL or PROBEOPS_BACKEND_URL.")
        }
        let url: BackendURL
        do throws(InvalidInput) {
            url = try BackendURL(configuration.backend, allowsPlaintext: configuration.allowPlaintext)
        } catch {
            throw ConfigurationError("\(backend.name) cannot be used: \(error.detail)")
        }
        if !url.isEncrypted, let given = found[Setting.pin.name] ?? found[Setting.clientCertificate.name] {
            throw ConfigurationError("\(given.name) is for an encrypted backend, and \(url) is not.")
        }
        if (found[Setting.clientCertificate.name] == nil) != (found[Setting.clientKey.name] == nil) {
            throw ConfigurationError("--client-cert and --client-key belong together: give both or none.")
        }
        return url
    }

    /// Only near misses: other programs of the product have variables of their own.
    private func unknownVariables() -> [String] {
        let known = Setting.all.compactMap(\.variable)
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("PROBEOPS_"), !known.contains(name) else { return nil }
            let stem = String(name.dropFirst("PROBEOPS_".count))
            let stems = known.map { String($0.dropFirst("PROBEOPS_".count)) }
            guard let near = Nearest.match(stem, among: stems) else { return nil }
            return "The environment variable \(name) means nothing; did you mean PROBEOPS_\(near)?"
        }
    }
}
