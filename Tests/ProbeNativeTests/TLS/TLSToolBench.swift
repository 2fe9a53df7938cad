import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// The tls tool on an engine of its own, its authority trusted.
struct TLSToolBench: Sendable {
    let bench: OneToolBench<TLSTool>
    let certificates: TestCertificates

    init(_ settings: ResolverSettings = ResolverSettings(servers: []), time: any TimeSource = SystemTime())
        async throws
    {
        bench = try OneToolBench(TLSTool(), settings, time: time)
        certificates = try await TestCertificates.shared()
    }

    func stop() { bench.stop() }

    struct Seen: Sendable {
        var result: ProbeResult
        var report: TLSReport
        var code: ErrorCode? { result.code }
        var stage: Stage? { result.stage }
        var weaknesses: Set<TLSWeakness.Kind> { Set(report.weaknesses.map(\.kind)) }
    }

    /// - Parameter more: `sni` is good.test unless it says otherwise.
    func parameters(_ port: Int, _ more: [String: ParameterValue]) throws -> [String: ParameterValue] {
        let authority = try String(contentsOfFile: certificates.authority, encoding: .utf8)
        let common: [String: ParameterValue] = [
            "port": .integer(Int64(port)), "ca_pem": .string(authority), "sni": .string("good.test"),
        ]
        return common.merging(more) { _, given in given }
    }

    /// Runs until the peer tells `event`, and then lets `time`, which the engine must run on, pass the deadline.
    func cut(
        _ peer: PythonPeer, at port: String, _ event: String, _ time: ManualTime,
        _ more: [String: ParameterValue] = [:]
    ) async throws -> Seen {
        let (_, results) = try bench.start(
            "127.0.0.1", try parameters(peer.port(port), more), deadline: .seconds(10))
        _ = try await peer.events.next(event) { $0["event"]?.string == event }
        time.advance(by: .seconds(10))
        let result = try await results.next("result")
        return Seen(result: result, report: try #require(result.outcome.report as? TLSReport))
    }

    func look(
        _ port: Int, at target: String = "127.0.0.1", _ more: [String: ParameterValue] = [:],
        timeout: Duration? = nil
    ) async throws -> Seen {
        let result = try await bench.run(target, try parameters(port, more), timeout: timeout)
        return Seen(result: result, report: try #require(result.outcome.report as? TLSReport))
    }
}
