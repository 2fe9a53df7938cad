import ProbeNative
import ProbeTesting
import Testing

@testable import probe_agent

@Suite struct DNSTextTests {
    @Test func showsSectionsAndFacts() async throws {
        let nsd = try await NSDServer()
        let text = try await render("alias.probe.test", port: nsd.port)
        #expect(text.hasPrefix("alias.probe.test. IN A @ 127.0.0.1:\(nsd.port) over udp\nanswer\n"))
        #expect(text.contains("  alias.probe.test.  300  IN  CNAME  www.probe.test.\n"))
        #expect(text.contains("  www.probe.test.    300  IN  A      127.0.0.1\n"))
        #expect(text.contains("  NOERROR  aa rd  "))
        #expect(!text.contains("\u{1b}"))

        let missing = try await render("missing.probe.test", port: nsd.port, color: true)
        #expect(missing.contains("authority"))
        #expect(missing.contains("\u{1b}[31mNXDOMAIN\u{1b}[0m"))
        #expect(missing.contains("resolve_nxdomain"))
        let empty = try await render("nodata.probe.test", port: nsd.port)
        #expect(empty.contains("the name has no such record"))
        await nsd.stop()
    }

    private func render(_ name: String, port: Int, color: Bool = false) async throws -> String {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        let engine = try Engine(configuration, registry: ToolRegistry([DNSTool()]))
        defer { engine.stop() }
        let probe = try DNSTool().prepare(
            target: name, parameters: [.init("resolver", .string("127.0.0.1:\(port)"))])
        return ResultText.render(await engine.run(probe), color: color)
    }
}
