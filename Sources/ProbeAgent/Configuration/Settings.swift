extension Setting {
    /// THE table of the node's settings, in the order in which they are shown.
    public static let all: [Setting] =
        identity + enrollment + connection + access + limits + outbox + control + hardening + policy + watch
        + observability
        + operation

    /// Where the other settings are read from; itself a flag or a variable only.
    public static let config = Setting(
        "config", variable: "PROBEOPS_CONFIG", "FILE", .readableFile, isInFile: false,
        into: { $0.configFile = $1 },
        help: "YAML file with settings under the names of the column \"file key\".")
    static let backend = Setting(
        "backend", variable: "PROBEOPS_BACKEND_URL", "URL", .word(limit: 2048, "a URL"), into: { $0.backend = $1 },
        help: "Base URL of the backend (http, https, ws or wss); without a scheme it is https.")
    static let key = Setting(
        "key", variable: "PROBEOPS_API_KEY", "KEY", .key, isSecret: true, isReloadable: true, into: { $0.apiKey = $1 },
        help: "API key of the node; other users of the machine may see it on a command line, prefer --key-file.")
    static let keyFile = Setting(
        "key-file", variable: "PROBEOPS_API_KEY_FILE", "FILE", .readableFile, isReloadable: true,
        into: { $0.apiKeyFile = $1 },
        help: "File with the API key; spaces and line ends around it are ignored.")
    static let logLevel = Setting(
        "log-level", variable: "PROBEOPS_LOG_LEVEL", "LEVEL", default: "info", .level, isReloadable: true,
        into: { $0.logLevel = $1 },
        help: "Least severity that is logged.")
    static let verbose = Setting(
        "verbose", variable: nil, nil, default: "false", .flag, isReloadable: true,
        into: { if $1 { $0.logLevel = .debug } },
        help: "The same as --log-level debug.")

    private static let identity = [
        config,
        backend,
        Setting(
            "uuid", variable: "PROBEOPS_NODE_UUID", "ID", .word(limit: 128, "an identifier"),
            into: { $0.nodeUUID = $1 },
            help: "The node's UUID, or whatever identifier the backend gave it."),
        key,
        keyFile,
        Setting(
            "hostname", variable: "PROBEOPS_HOSTNAME", "NAME", default: "the machine's", .word(limit: 253, "a name"),
            into: { $0.hostname = $1 }, help: "Name that the node tells the backend."),
    ]

    private static let connection = [
        Setting(
            "heartbeat", variable: "PROBEOPS_HEARTBEAT_INTERVAL", "TIME", default: "15s",
            .duration(.seconds(1)...(.seconds(3600))), into: { $0.heartbeat = $1 }, help: "Time between two heartbeats."
        ),
        Setting(
            "ca-file", variable: "PROBEOPS_CA_FILE", "FILE", .readableFile, into: { $0.caFile = $1 },
            help: "PEM file with the certificate authority of the backend, for a private one."),
        Setting(
            "allow-plaintext", variable: "PROBEOPS_ALLOW_PLAINTEXT", nil, default: "false", .flag,
            into: { $0.allowPlaintext = $1 },
            help: "Allow http:// and ws:// beyond this machine: the key and all results travel readable."),
        Setting(
            "reconnect-initial", variable: "PROBEOPS_RECONNECT_INITIAL", "TIME", default: "1s", .reconnectDelay,
            into: { $0.reconnect.set(\.initial, $1, .initial) }, help: "Delay before the first new attempt."),
        Setting(
            "reconnect-factor", variable: "PROBEOPS_RECONNECT_FACTOR", "NUMBER", default: "1.5", .number(1...10),
            into: { $0.reconnect.factor = $1 }, help: "Growth of the delay from attempt to attempt."),
        Setting(
            "reconnect-max", variable: "PROBEOPS_RECONNECT_MAX", "TIME", default: "30s", .reconnectDelay,
            into: { $0.reconnect.set(\.maximum, $1, .maximum) }, help: "Longest delay; not below --reconnect-initial."),
        Setting(
            "reconnect-jitter", variable: "PROBEOPS_RECONNECT_JITTER", "SHARE", default: "0.1", .number(0...1),
            into: { $0.reconnect.set(\.jitter, $1, .jitter) },
            help: "Share by which each delay varies at random, so that a fleet does not return at once."),
    ]

    private static let limits = [
        Setting(
            "max-concurrent", variable: "PROBEOPS_MAX_CONCURRENT", "COUNT", default: "256", .integer(1...65536),
            isReloadable: true, into: { $0.maxConcurrent = $1 }, help: "Diagnostics that run at once."),
        Setting(
            "queue-limit", variable: "PROBEOPS_QUEUE_LIMIT", "COUNT", default: "4096", .integer(0...1_000_000),
            isReloadable: true, into: { $0.queueLimit = $1 },
            help: "Diagnostics that wait for a slot; more are answered queue_full."),
        Setting(
            "max-result-bytes", variable: "PROBEOPS_MAX_RESULT_BYTES", "BYTES", default: "1MiB",
            .bytes(4096...(16 << 20)), into: { $0.maxResultBytes = $1 },
            help: "Largest answer; of larger ones parts are left out and named in truncated_fields."),
    ]

    private static let operation = [logLevel, verbose]
}

extension ValueFormat where Value == Duration {
    static var reconnectDelay: Self { .duration(.milliseconds(100)...(.seconds(3600))) }
}

extension ReconnectPolicy {
    /// What the operator chose, the server's wishes do not touch.
    fileprivate mutating func set<Value>(_ path: WritableKeyPath<Self, Value>, _ value: Value, _ setting: Setting) {
        self[keyPath: path] = value
        chosen.insert(setting)
    }
}
