import ProbeTesting
import Testing

@testable import ProbeNative

/// What the node's operator does not want to be in results.
@Suite(.timeLimit(.minutes(2))) struct HeaderRedactionTests {
    private func run(
        _ tool: some Tool, _ target: String, _ parameters: [String: ParameterValue] = [:]
    ) async throws -> (text: String, result: ProbeResult) {
        let bench = try OneToolBench(tool)
        defer { bench.stop() }
        let result = try await bench.run(target, parameters)
        var text = ""
        dump(result, to: &text)
        // A dump shows bytes as numbers.
        text += (result.outcome.report as? HTTPReport)?.body.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (text, result)
    }

    private func redaction(_ names: String) throws -> HeaderRedaction { try #require(HeaderRedaction(names)) }

    @Test func cookiesOfAllHopsAndTheirEchoAreHidden() async throws {
        let peer = try await HTTPProbe.peer()
        let tool = HTTPTool(redacting: try redaction("default"))
        let (text, result) = try await run(tool, peer.url("/cookie-redirect"), ["include_body": .bool(true)])
        let report = try #require(result.outcome.report as? HTTPReport)
        #expect(result.outcome.failure == nil)
        #expect(!text.contains("5ecret"), "\(text)")
        #expect(report.fields.first { $0.name == "set-cookie" }?.value == "[redacted]")
        #expect(report.redirects.first?.fields.first { $0.name == "set-cookie" }?.value == "[redacted]")
        #expect(report.fields.first { $0.name == "x-plain" }?.value == "shown")
        #expect(report.body.map { String(decoding: $0, as: UTF8.self) } == "you get [redacted] and more")
        // Without the operator's wish all is there.
        #expect(try await run(HTTPTool(), peer.url("/cookie-redirect")).text.contains("5ecret-of-redirect"))
    }

    @Test(
        arguments: [
            ["bearer": .string("5ecret-token")],
            ["basic_auth": .object([.init("username", .string("u")), .init("password", .string("5ecret"))])],
            ["headers": .object([.init("cookie", .string("a=5ecret-cookie"))])],
        ] as [[String: ParameterValue]])
    func aServerThatRepeatsTheRequestDoesNotGiveItAway(sent: [String: ParameterValue]) async throws {
        let peer = try await HTTPProbe.peer()
        let tool = HTTPTool(redacting: try redaction("default"))
        let sent = sent.merging(["include_body": .bool(true)]) { $1 }
        let (text, result) = try await run(tool, peer.url("/echo"), sent)
        #expect(result.outcome.failure == nil && text.contains("[redacted]"))
        // "u:5ecret" in base64.
        #expect(!text.contains("5ecret") && !text.contains("dTo1ZWNyZXQ"), "\(text)")
        let report = try #require(result.outcome.report as? HTTPReport)
        #expect(report.body.map { String(decoding: $0, as: UTF8.self) }?.contains("/echo") == true)
    }

    /// They judge what came, and tell of it only what may be told.
    @Test func expectationsAreJudgedButNotQuoted() async throws {
        let peer = try await HTTPProbe.peer()
        let tool = HTTPTool(redacting: try redaction("set-cookie"))
        func expecting(_ header: String, _ body: String) -> [String: ParameterValue] {
            [
                "expect": .object([
                    .init("header", .object([.init("set-cookie", .string(header))])),
                    .init("body_regex", .string(body)),
                ])
            ]
        }
        let met = try await run(tool, peer.url("/cookie"), expecting("sid=5ecret-of-server", "sid=5ecret.of"))
        #expect(met.result.outcome.failure == nil)
        #expect(!met.text.contains("5ecret"), "\(met.text)")
        let unmet = try await run(tool, peer.url("/cookie"), expecting("nothing of this kind", "absent"))
        #expect(unmet.result.outcome.failure?.code == .expectationFailed)
        #expect(!unmet.text.contains("5ecret"), "\(unmet.text)")
    }

    @Test func theWebSocketToolObeysToo() async throws {
        let peer = try await PythonPeer.webSocket()
        let tool = WebSocketTool(redacting: try redaction("Server"))
        let (_, result) = try await run(tool, "ws://127.0.0.1:\(peer.port("good"))/echo")
        let report = try #require(result.outcome.report as? WebSocketReport)
        #expect(report.fields.first { $0.name.lowercased() == "server" }?.value == "[redacted]")
        #expect(report.fields.contains { $0.name.lowercased() == "date" && $0.value != "[redacted]" })
        await peer.stop()
    }

    @Test func theRegistryKeepsItsOrder() throws {
        var registry = ToolRegistry.builtIn()
        registry.redact(try redaction("default"))
        #expect(registry.tools.map(\.name) == ToolRegistry.builtIn().tools.map(\.name))
    }

    @Test(arguments: ["", "a b", "default,", "x:y", "ü"])
    func whatIsNoListOfNamesIsRefused(text: String) { #expect(HeaderRedaction(text) == nil) }

    @Test func secretsInBodiesAreFoundWhereverTheyAre() {
        func cleaned(_ text: String, _ secrets: [String]) -> String? {
            HeaderRedaction.cleaned(Array(text.utf8), of: secrets).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(cleaned("keykey-key", ["key"]) == "[redacted][redacted]-[redacted]")
        #expect(cleaned("long-key key", ["long-key", "key"]) == "[redacted] [redacted]")
        #expect(cleaned("nothing", ["key"]) == nil && cleaned("", ["key"]) == nil)
    }
}
