import Foundation
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

    @Test func showsValidationAndTheWalk() async throws {
        let tree = try await SignedTree()
        let resolver = try await tree.resolver(validates: false)
        let anchor: [ParameterValue.Member] = [
            .init("validate", .bool(true)), .init("trust_anchor", .string(try await SignedZones.shared().anchor)),
        ]
        let secure = try await render("www.secure.test", port: resolver.ports[0], anchor)
        #expect(secure.contains("\n  dnssec  secure  . ("))
        #expect(secure.contains(") > test. (") && secure.contains(") > secure.test. ("))
        let unsigned = try await render("www.unsigned.test", port: resolver.ports[0], anchor)
        #expect(unsigned.contains("dnssec  insecure"))
        #expect(unsigned.contains("unsigned.test. (not signed)\n          unsigned.test. is delegated without DS.\n"))
        let bogus = try await render("www.expired.test", port: resolver.ports[0], color: true, anchor)
        #expect(bogus.contains("\u{1b}[31mbogus\u{1b}[0m"))
        #expect(bogus.components(separatedBy: "expired at").count == 2)

        let walk = try await render(
            "www.secure.test",
            [
                .init("trace", .bool(true)), .init("root_hints", .string(SignedTree.rootAddress)),
                .init("port", .integer(Int64(tree.port))),
            ])
        #expect(walk.hasPrefix("www.secure.test. IN A from the root over udp\n  .             127.1.0.1:\(tree.port) "))
        #expect(walk.contains("  to secure.test. (1 server)\n  secure.test.  ns.leaf.test. 127.1.0.3:\(tree.port)"))
        #expect(walk.contains("  answer\nanswer\n"))
        await resolver.stop()
        await tree.stop()
    }

    /// dig's words, and the refusal of those that mean nothing here.
    @Test func takesDigsWords() {
        let taken = [
            ("+tcp", "transport", "tcp"), ("+trace", "trace", "true"), ("+norecurse", "recursive", "false"),
            ("+subnet=192.0.2.0/24", "client_subnet", "192.0.2.0/24"), ("+bufsize=512", "edns_size", "512"),
            ("@192.0.2.1", "resolver", "192.0.2.1"), ("MX", "record_type", "MX"),
            ("+nonsense", "record_type", "+nonsense"),
        ]
        for (word, parameter, value) in taken {
            let assignment = Shorthand.operand(word, of: "dns")
            #expect(assignment?.parameter == parameter && assignment?.value == value, "\(word)")
        }
    }

    private func render(
        _ name: String, port: Int, color: Bool = false, _ more: [ParameterValue.Member] = []
    ) async throws -> String {
        try await render(name, [.init("resolver", .string("127.0.0.1:\(port)"))] + more, color: color)
    }

    private func render(
        _ name: String, _ parameters: [ParameterValue.Member], color: Bool = false
    ) async throws -> String {
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        let engine = try Engine(configuration, registry: ToolRegistry([DNSTool()]))
        defer { engine.stop() }
        let probe = try DNSTool().prepare(target: name, parameters: parameters)
        return ResultText.render(await engine.run(probe), color: color)
    }
}
