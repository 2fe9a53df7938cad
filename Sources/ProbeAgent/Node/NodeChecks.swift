import Logging
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The operator's own checks, as `watch` runs them and a node with a file of checks besides its jobs.
public struct NodeChecks: Sendable {
    /// Beside a node: its jobs have the others.
    static let reactors = 1

    public let file: WatchFile
    private let outputs: [any WatchOutput]

    /// Opens the file's outputs; before start-up.
    /// - Throws: one sentence.
    public init(_ file: WatchFile) throws(ConfigurationError) {
        self.file = file
        outputs = try file.openOutputs()
    }

    /// Gives the output that is the backend its way there.
    func attach(to agent: Agent, maxBytes: Int) {
        for case let output as BackendOutput in outputs { agent.take(output, maxBytes: maxBytes) }
    }

    /// What the outputs serve, for start-up.
    public var listeners: [LocalListener] { outputs.flatMap(\.listeners) }

    /// - Parameters:
    ///   - registry: the tools with their sockets.
    ///   - descriptors: sockets that the checks may hold together; nil: as many as there are.
    ///   - more: outputs beside those that the file names.
    /// - Throws: one sentence, or `Errno` when the kernel gives no thread.
    public func start(
        _ registry: ToolRegistry, _ sockets: RawSockets, _ configuration: AgentConfiguration, descriptors: Int? = nil,
        more: [any WatchOutput] = [], _ logger: Logger
    ) throws -> (watch: Watch, engine: Engine) {
        var engineConfiguration = EngineConfiguration()
        engineConfiguration.rawSockets = sockets
        engineConfiguration.descriptors = descriptors
        engineConfiguration.policy = Self.policy(configuration)
        let engine = try Engine(engineConfiguration, registry: registry)
        let watch = Watch(
            try file.with(registry), engine: engine, slots: configuration.maxConcurrent, outputs: outputs + more,
            logger: logger)
        return (watch, engine)
    }

    /// The operator's own wish: only what the operator has denied counts.
    static func policy(_ configuration: AgentConfiguration) -> TargetPolicy {
        var policy = TargetPolicy()
        policy.deny = configuration.policy.deny
        policy.hasDefaults = false
        return policy
    }

    /// What the process may open, less what is not for sockets of diagnostics (as `Engine` reckons).
    static var descriptors: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 824 }
        return Int(clamping: limit.rlim_cur) - 200
    }
}
