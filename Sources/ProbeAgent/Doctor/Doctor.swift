import ProbeNative

/// Looks at everything that a node needs, one thing after another: this process, this machine, the way to the backend,
/// each tool.
public struct Doctor: Sendable {
    public enum Event: Sendable {
        case group(title: String)
        /// Something that may take a while begins.
        case looking(at: String)
        case found(Finding)
    }

    let configuration: AgentConfiguration
    /// Why the settings cannot be used, where they cannot.
    let problem: ConfigurationError?
    let warnings: [String]
    let prepared: Startup.Prepared
    let engine: Engine
    /// Where a node of these settings can be asked.
    let controlPath: String?

    /// - Parameters:
    ///   - loaded: the node's settings; where they cannot be used, the machine is looked at all the same.
    ///   - prepared: without hardening, which would hide from the doctor what a node sees before it.
    public init(
        _ loaded: Result<LoadedConfiguration, ConfigurationError>, prepared: Startup.Prepared, engine: Engine,
        controlPath: String?
    ) {
        switch loaded {
        case .success(let loaded):
            (configuration, warnings, problem) = (loaded.configuration, loaded.warnings, nil)
        case .failure(let error):
            configuration = AgentConfiguration(backend: "", nodeUUID: "", apiKey: Secret(""))
            (warnings, problem) = ([], error)
        }
        self.prepared = prepared
        self.engine = engine
        self.controlPath = controlPath
    }

    /// - Parameter tell: hears of each step as it comes.
    public func examine(_ tell: @escaping @Sendable (Event) -> Void) async -> DoctorReport {
        var record = DoctorRecord(tell)
        record.begin("Process")
        ProcessExamination(configuration: configuration, prepared: prepared).run(&record)
        record.begin("Machine")
        MachineExamination(configuration: configuration).run(&record)
        record.begin("Name servers")
        let resolver = ResolverExamination(engine: engine, host: configuration.backend)
        await resolver.run(&record)
        record.begin("Settings")
        lookAtSettings(&record)
        let backend = try? BackendURL(configuration.backend, allowsPlaintext: configuration.allowPlaintext)
        record.begin("Backend")
        if let backend {
            await BackendExamination(
                configuration: configuration, backend: backend, time: engine.time, node: runningNode
            ).run(&record)
        } else {
            record.add(
                Finding(
                    "backend", .skipped, "none is set",
                    advice: "give --backend URL or PROBEOPS_BACKEND_URL to have the way to it looked at"))
        }
        record.begin("Tools")
        await ToolExamination(
            engine: engine, configuration: configuration, backend: backend,
            isBackendReached: !record.report.hasFailed("Backend")
        ).run(&record, hasResolver: !record.report.hasFailed("Name servers"))
        return record.report
    }

    private func lookAtSettings(_ record: inout DoctorRecord) {
        if let problem { return record.add(Finding("settings", .failed, problem.description)) }
        for warning in warnings { record.add(Finding("settings", .warning, warning)) }
        if warnings.isEmpty { record.add(Finding("settings", .good, "can be used")) }
        if configuration.enrollment.isDue {
            record.add(Finding("identity", .good, "none yet: the node registers when it starts"))
        } else if configuration.nodeUUID.isEmpty || configuration.apiKey.revealed.isEmpty {
            record.add(
                Finding(
                    "identity", configuration.backend.isEmpty ? .warning : .failed,
                    "the node has no identifier and key",
                    advice: "register it (probe-agent register --help), or give --uuid and --key-file"))
        } else {
            record.add(Finding("identity", .good, "\(configuration.nodeUUID), with a key"))
        }
    }

    /// What the running node of these settings says of itself; nil where none runs.
    private var runningNode: RunningNode? {
        RunningNode(controlPath: controlPath, stateDirectory: configuration.stateDirectory)
    }
}

/// The report as it grows, told step by step.
struct DoctorRecord {
    private(set) var report = DoctorReport()
    private let tell: @Sendable (Doctor.Event) -> Void

    init(_ tell: @escaping @Sendable (Doctor.Event) -> Void) { self.tell = tell }

    mutating func begin(_ title: String) {
        report.groups.append(.init(title: title))
        tell(.group(title: title))
    }

    func look(at name: String) { tell(.looking(at: name)) }

    mutating func add(_ finding: Finding) {
        report.groups[report.groups.count - 1].findings.append(finding)
        tell(.found(finding))
    }
}

extension DoctorReport {
    fileprivate func hasFailed(_ title: String) -> Bool {
        groups.contains { $0.title == title && $0.findings.contains { $0.state == .failed } }
    }
}
