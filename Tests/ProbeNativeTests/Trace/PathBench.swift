import ProbeTesting
import Testing

@testable import ProbeNative

/// An engine whose threads and raw sockets live at the near end of a path lab.
struct PathBench: Sendable {
    typealias Member = ParameterValue.Member

    let lab: PathLab
    let engine: Engine

    static func inside<Result>(
        resolver: ResolverConfiguration = ResolverConfiguration(settings: .fixed(ResolverSettings(servers: []))),
        _ body: (PathBench) async throws -> Result
    ) async throws -> Result {
        try await PathLab.with { lab in
            let engine = try await lab.node(.near).onThread { () throws -> Engine in
                var configuration = EngineConfiguration()
                configuration.rawSockets = RawSockets.open(reactors: 1)
                configuration.resolver = resolver
                return try Engine(configuration, registry: .builtIn())
            }
            defer { engine.stop() }
            return try await body(PathBench(lab: lab, engine: engine))
        }
    }

    /// With names looked up only where the test asks for it.
    func prepare(_ tool: some Tool, _ target: String, _ members: [Member]) throws -> PreparedProbe {
        let known: [Member] = tool.name == "path_mtu" ? [] : [.init("resolve_names", .bool(false))]
        return try tool.prepare(target: target, parameters: known + members)
    }

    func run<Found: Report>(
        _ tool: some Tool, _ target: String, _ members: [Member] = [], timeout: Duration? = nil, as: Found.Type
    ) async throws -> (report: Found, outcome: ProbeOutcome) {
        try await lab.refill()
        let outcome = await engine.runInLab(try prepare(tool, target, members), timeout: timeout).outcome
        return (try #require(outcome.report as? Found), outcome)
    }

    func traceroute(_ target: String, _ members: [Member] = [], timeout: Duration? = nil) async throws
        -> (report: TracerouteReport, outcome: ProbeOutcome)
    {
        try await run(TracerouteTool(), target, members, timeout: timeout, as: TracerouteReport.self)
    }

    func mtr(_ target: String, _ members: [Member] = [], timeout: Duration? = nil) async throws
        -> (report: MTRReport, outcome: ProbeOutcome)
    {
        try await run(MTRTool(), target, members, timeout: timeout, as: MTRReport.self)
    }

    func pathMTU(_ target: String, _ members: [Member] = [], timeout: Duration? = nil) async throws
        -> (report: PathMTUReport, outcome: ProbeOutcome)
    {
        try await run(PathMTUTool(), target, members, timeout: timeout, as: PathMTUReport.self)
    }
}

extension ParameterValue.Member {
    static func transport(_ transport: TraceTransport) -> Self { .init("protocol", .string(transport.rawValue)) }
    static func integer(_ name: String, _ value: Int) -> Self { .init(name, .integer(Int64(value))) }
}

/// What the lab's map says that each hop answers from; empty: it does not.
enum PathMap {
    static func hop(_ hop: Int, _ family: IPAddress.Family, target: Int = 1) -> Set<String> {
        func at(_ links: [Int]) -> Set<String> { Set(links.map { PathLab.address(family, link: $0) }) }
        switch hop {
        case 1: return at([1])
        case 2: return at([2, 3])
        case 3: return at(family == .v4 ? [4] : [4, 5])
        case 4: return at([6])
        case 6: return at([8])
        case 7: return [PathLab.target(family, target)]
        default: return []
        }
    }

    /// The labels that the forwarder puts into its messages.
    static let labels = [
        MPLSLabel(label: 16000, experimental: 5, isBottom: false, ttl: 1),
        MPLSLabel(label: 24001, experimental: 3, isBottom: true, ttl: 254),
    ]
}
