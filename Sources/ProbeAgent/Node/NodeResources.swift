import ProbeNative

/// What a node of a configuration opens before its process gives up the right to: folders, files, and the sockets that it
/// serves. A program that gives up nothing leaves this to `ProbeNode`.
public struct NodeResources: Sendable {
    /// Also where a node that registers at its first start keeps its identity.
    public let state: StateDirectory?
    let audit: AuditLog?
    let checks: NodeChecks?
    /// Answers nothing yet.
    public let control: LocalServer?
    let metrics: (server: LocalServer, address: LocalAddress)?
    private let sockets: [LocalListener]
    private let hardening: HardeningPaths
    /// What the node will have to do without, and what to do about it: sentences for the log.
    public let warnings: [String]

    /// - Parameters:
    ///   - environment: says where the control socket is if the configuration does not (docs/configuration.md).
    ///   - tools: those of the program besides the built-in ones; checks may use them.
    /// - Throws: one sentence that names what cannot be opened.
    public init(
        _ configuration: AgentConfiguration, environment: [String: String] = [:],
        tools: (inout ToolRegistry) -> Void = { _ in }
    ) throws(ConfigurationError) {
        var state: StateDirectory?
        if let path = configuration.stateDirectory { state = try StateDirectory(path, for: configuration.user) }
        var audit: AuditLog?
        if let path = configuration.auditLog { audit = try AuditLog(path: path) }
        var checks: NodeChecks?
        if let path = configuration.watchFile {
            var registry = ToolRegistry.builtIn()
            tools(&registry)
            checks = try NodeChecks(WatchFile(path: path, registry: registry))
        }
        var warnings: [String] = []
        let control = try configuration.listenForControl(environment: environment, warnings: &warnings)
        var metrics: LocalListener?
        if let address = configuration.metricsListen { metrics = try LocalListener(address, for: configuration.user) }
        (self.state, self.audit, self.checks, self.warnings) = (state, audit, checks, warnings)
        self.control = control.map { LocalServer([$0], routes: []) }
        self.metrics = metrics.map { (LocalServer([$0], routes: []), $0.address) }
        sockets = [control, metrics].compactMap(\.self)
        hardening = HardeningPaths(configuration, listeners: sockets)
    }

    /// The sockets that the node serves, for start-up.
    public var listeners: [LocalListener] { sockets + (checks?.listeners ?? []) }

    /// What the node opens later on.
    public var hardeningPaths: HardeningPaths { hardening.with(checks?.file.hardeningPaths) }

    /// How many shares of raw sockets the node needs.
    public var reactors: Int { ReactorGroup.defaultCount + (checks == nil ? 0 : NodeChecks.reactors) }
}
