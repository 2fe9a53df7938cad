import ProbeTesting

@testable import ProbeNative

/// An engine of one reactor for one tool, whose own resolver is `settings`.
struct OneToolBench<Probe: Tool>: Sendable {
    let tool: Probe
    let engine: Engine

    init(
        _ tool: Probe, _ settings: ResolverSettings = ResolverSettings(servers: []), hosts: String? = nil,
        time: any TimeSource = SystemTime(), policy: any AddressPolicy = AllowAll()
    ) throws {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.time = time
        configuration.policy = policy
        configuration.resolver = ResolverConfiguration(settings: .fixed(settings), hostsFile: hosts)
        self.tool = tool
        engine = try Engine(configuration, registry: ToolRegistry([tool]))
    }

    func stop() { engine.stop() }

    func prepare(_ target: String, _ parameters: [String: ParameterValue] = [:]) throws(InvalidInput) -> PreparedProbe {
        try tool.prepare(target: target, parameters: parameters.map { .init($0.key, $0.value) })
    }

    func run(
        _ target: String, _ parameters: [String: ParameterValue] = [:], timeout: Duration? = nil
    ) async throws -> ProbeResult {
        await engine.runInLab(try prepare(target, parameters), timeout: timeout)
    }

    /// Starts a run whose result comes into the log.
    func start(
        _ target: String, _ parameters: [String: ParameterValue] = [:], deadline: Duration = .seconds(60)
    ) throws -> (running: RunningProbe, results: EventLog<ProbeResult>) {
        let results = EventLog<ProbeResult>()
        let running = engine.start(try prepare(target, parameters), deadline: engine.time.now + deadline) {
            results.append($0)
        }
        return (running, results)
    }

    /// Sockets that the reactor's probes hold.
    var openDescriptors: Int { get async { await settledDescriptors(of: engine.reactors.reactors[0]) } }
}

/// Sockets that the reactor's probes hold, once those of ended work are closed: a look-up that nobody waits for any more
/// ends by itself, some turns after the job that left it.
func settledDescriptors(of reactor: Reactor) async -> Int {
    var used = 0
    for _ in 0..<1000 {
        used = await on(reactor) { $0.local(Gate.self).descriptors.used }
        if used == 0 { break }
    }
    return used
}

/// Denies what is for one purpose.
struct DenyPurpose: AddressPolicy {
    let purpose: Purpose
    func denial(of request: PolicyRequest) -> String? {
        request.purpose == purpose ? "\(request.address) is denied as \(purpose.rawValue)." : nil
    }
}

extension ProbeResult {
    var code: ErrorCode? { outcome.failure?.code }
    var stage: Stage? { outcome.failure?.stage }
}
