import ProbeNative
import ProbeTesting
import Testing

@testable import probe_agent

/// An http result as people see it.
@Suite struct HTTPTextTests {
    private func text(_ url: String, _ parameters: [ParameterValue.Member]) async throws -> String {
        let engine = try Engine(registry: ToolRegistry([HTTPTool()]))
        defer { engine.stop() }
        let probe = try HTTPTool().prepare(target: url, parameters: parameters)
        return ResultText.render(await engine.run(probe, timeout: .seconds(20)), color: false)
    }

    @Test func expectationsHaveTicksAndCrosses() async throws {
        let peer = try await PythonPeer.http()
        let expect = ParameterValue.object([
            .init("status", .string("2xx")), .init("header", .object([.init("x-none", .string("a"))])),
            .init("json", .object([.init("/count", .integer(6))])),
        ])
        let text = try await text(peer.url("/json"), [.init("expect", expect)])
        #expect(text.contains("\n  \u{2713} status         200\n"), "\(text)")
        #expect(text.contains("\n  \u{2717} header:x-none  The answer has no such field.\n"), "\(text)")
        #expect(text.contains("\n  \u{2717} json:/count    5\n"), "\(text)")
        #expect(
            text.contains("failed at expectation (expectation_failed): 2 of 3 expectations are not met: "), "\(text)")
        #expect(text.contains("\n  tcp     rtt "), "\(text)")
        await peer.stop()
    }

    @Test func redirectsShowWhereTheyLead() async throws {
        let peer = try await PythonPeer.http()
        let text = try await text(peer.url("/redirect/1"), [])
        #expect(text.contains("\n  302  \(peer.url("/redirect/1"))  "), "\(text)")
        #expect(text.contains("\n       -> /redirect/0\n"), "\(text)")
        #expect(text.contains("\n  200  \(peer.url("/redirect/0"))  "), "\(text)")
        await peer.stop()
    }
}
