import ProbeTesting

@testable import ProbeNative

/// One engine for the http suites, and their servers, which die with the test run.
enum HTTPProbe {
    static let engine: Engine? = {
        var configuration = EngineConfiguration()
        configuration.reactors = 2
        return try? Engine(configuration, registry: .builtIn())
    }()

    private static let sharedNginx = Task {
        try await NginxServer(certificates: TestCertificates.shared().all)
    }
    private static let sharedPeer = Task { try await PythonPeer.http() }

    static func nginx() async throws -> NginxServer { try await sharedNginx.value }
    static func peer() async throws -> PythonPeer { try await sharedPeer.value }

    struct NoEngine: Error {}

    struct Fetched: Sendable {
        var result: ProbeResult
        var report: HTTPReport?
        var failure: ProbeFailure? { result.outcome.failure }
        var status: Int? { report?.last.status }
        var body: String? { report?.body.map { String(decoding: $0, as: UTF8.self) } }
        func field(_ name: String) -> String? { report?.fields.first { $0.name == name }?.value }
    }

    static func prepare(_ url: String, _ parameters: [String: ParameterValue] = [:]) throws(InvalidInput)
        -> PreparedProbe
    {
        try HTTPTool().prepare(target: url, parameters: parameters.map { .init($0.key, $0.value) })
    }

    static func fetch(
        _ url: String, _ parameters: [String: ParameterValue] = [:], timeout: Duration = .seconds(20)
    ) async throws -> Fetched {
        guard let engine else { throw NoEngine() }
        let result = await engine.run(try prepare(url, parameters), timeout: timeout)
        return Fetched(result: result, report: result.outcome.report as? HTTPReport)
    }
}
