import ProbeNative
import ProbeTesting
import Testing

/// An engine of one reactor with the dns tool, whose own resolver is `settings`.
struct DNSBench: Sendable {
    let engine: Engine

    init(_ settings: ResolverSettings = ResolverSettings(servers: []), time: any TimeSource = SystemTime()) throws {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        configuration.time = time
        configuration.resolver = ResolverConfiguration(settings: .fixed(settings))
        engine = try Engine(configuration, registry: ToolRegistry([DNSTool()]))
    }

    func stop() { engine.stop() }

    func ask(
        _ target: String, _ type: String = "A", port: Int? = nil, timeout: Duration? = nil,
        _ more: [ParameterValue.Member] = []
    ) async throws -> Asked {
        var members = [ParameterValue.Member("record_type", .string(type))]
        if let port { members.append(.init("resolver", .string("127.0.0.1:\(port)"))) }
        let probe = try DNSTool().prepare(target: target, parameters: members + more)
        let result = await engine.run(probe, timeout: timeout)
        return Asked(result: result, report: try #require(result.outcome.report as? DNSReport))
    }
}

struct Asked: Sendable {
    let result: ProbeResult
    let report: DNSReport
    var failure: ProbeFailure? { result.outcome.failure }
    var code: ErrorCode? { failure?.code }
    var rcode: String? { report.answer?.responseCode.description }
    func values(_ section: DNSSection = .answer) -> [String] {
        report.answer.map { $0.records(in: section).map(\.value) } ?? []
    }
}

func loopback(_ port: Int) -> SocketAddress { SocketAddress(IPAddress(v4: 0x7f00_0001), port: UInt16(port)) }

extension DNSBench {
    /// Whether no probe of the reactor holds a socket.
    var closesAll: Bool { get async { await settledDescriptors(of: engine.reactors.reactors[0]) == 0 } }
}
