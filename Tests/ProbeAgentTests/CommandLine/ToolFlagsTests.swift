import ProbeNative
import Testing

@testable import probe_agent

/// One parameter of each kind, under the name of a tool that has shorthands.
private struct EveryKind: Tool {
    var name = "dns"
    let summary = "a tool with everything"

    func parameters(_ reader: inout ParameterReader, _ common: CommonParameters) -> [(name: String, value: String)] {
        _ = reader.integer("count", default: 4, in: 1...100, help: "how many")
        _ = reader.milliseconds("interval_ms", default: 1000, in: 10...60000, help: "pause")
        _ = reader.flag("follow", default: true, help: "go on")
        _ = reader.flag("dnssec", default: false, help: "signatures")
        _ = reader.optionalText("record_type", help: "type")
        _ = reader.optionalText("resolver", help: "server")
        _ = reader.choice("transport", default: "udp", of: ["udp", "tcp"], help: "how")
        _ = reader.value("alpn", .list, help: "protocols")
        return reader.pairs("headers", help: "fields")
    }
    func run(
        _ target: Host, _ parameters: [(name: String, value: String)], in context: ProbeContext
    ) async -> ProbeOutcome { ProbeOutcome() }
}

struct ToolFlagsTests {
    private func job(_ words: String..., tool: String = "dns") throws -> ToolFlags.Job {
        let flags = ToolFlags(EveryKind(name: tool))
        return try flags.job(FlagParser(flags.flags, presets: flags.presets).parse(words))
    }

    @Test func makesParametersOfEachKind() throws {
        let job = try job(
            "example.com", "--count", "7", "--interval-ms=20", "--no-follow", "--dnssec", "--transport", "tcp",
            "--alpn", "h2,http/1.1", "--alpn", "h3", "--headers", "Accept: text/html", "--headers", "x=a:b", "-6")
        #expect(job.target == "example.com")
        #expect(
            Set(job.parameters) == [
                .init("count", .string("7")), .init("interval_ms", .string("20")), .init("follow", .string("false")),
                .init("dnssec", .string("true")), .init("transport", .string("tcp")), .init("ip_version", .string("6")),
                .init("alpn", .array([.string("h2"), .string("http/1.1"), .string("h3")])),
                .init("headers", .object([.init("Accept", .string("text/html")), .init("x", .string("a:b"))])),
            ])
        #expect(throws: Never.self) {
            try EveryKind().prepare(target: job.target, parameters: job.parameters)
        }
    }

    @Test func takesDigsWords() throws {
        let job = try job("example.com", "AAAA", "@192.0.2.1", "--count", "1")
        #expect(job.parameters.contains(.init("record_type", .string("AAAA"))))
        #expect(job.parameters.contains(.init("resolver", .string("192.0.2.1"))))
    }

    private func http(_ words: String...) throws -> [ParameterValue.Member] {
        let flags = ToolFlags(HTTPTool())
        return try flags.job(FlagParser(flags.flags, presets: flags.presets).parse(["a"] + words)).parameters
    }

    @Test func membersOfAStructureAddUp() throws {
        let parameters = try http(
            "--expect", "status=2xx", "--expect=header.x.y=a=b", "--expect", "json./a.b=5", "--expect", "header.z=c",
            "--expect", "status=200")
        #expect(
            parameters == [
                .init(
                    "expect",
                    .object([
                        .init("status", .string("200")),
                        .init("header", .object([.init("x.y", .string("a=b")), .init("z", .string("c"))])),
                        .init("json", .object([.init("/a.b", .string("5"))])),
                    ]))
            ])
    }

    @Test func anObjectMayBeGivenAsJSON() throws {
        let text = #"{"status": [200, "3xx"], "json": {"pointer": "/a", "equals": null}}"#
        let value = try JSONDocument.read(Array(text.utf8))
        #expect(try http("--expect", text) == [.init("expect", value)])
        #expect(
            try http("--headers", #"{"A": "b:c"}"#, "--headers", "D: e")
                == [.init("headers", .object([.init("A", .string("b:c")), .init("D", .string("e"))]))])
        #expect { try http("--expect", "{status") } throws: { "\($0)".hasPrefix("--expect is not JSON: ") }
        #expect { try http("--expect", "status") } throws: { "\($0)".contains("name=value, name.member=value") }
    }

    @Test func theLastOfRepeatedValuesCounts() throws {
        #expect(try job("a", "--count", "1", "--count", "2").parameters == [.init("count", .string("2"))])
    }

    @Test func refusesWhatMeansNothing() {
        #expect { try job() } throws: { "\($0)".hasPrefix("dns needs a target") }
        #expect { try job("a", "b", tool: "other") } throws: { "\($0)".hasPrefix("b is one word too many") }
        #expect { try job("a", "--headers", "nothing") } throws: { "\($0)".contains("'Name: value' or name=value") }
    }

    @Test func helpShowsUnitsDefaultsAndRanges() throws {
        let text = FlagHelp.text(ToolFlags(EveryKind()).flags)
        for part in [
            "--count N", "how many (default: 4; 1-100)", "--interval-ms MS", "(default: 1000; 10-60000 ms)",
            "--[no-]follow", "go on (default: on)", "--dnssec", "--transport udp|tcp", "-t, --record-type TEXT",
            "--headers 'NAME: VALUE'", "--alpn A,B,...", "--ip-version 4|6|both", "also -4, -6", "--timeout S",
        ] {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    /// Shorthands must not outlive the parameters that they stand for.
    @Test func shorthandsNameDeclaredParameters() {
        for tool in ToolRegistry.builtIn().tools {
            let declared = Set(tool.declarations.map(\.name))
            let operands = ["x", "@x"].compactMap { Shorthand.operand($0, of: tool.name)?.parameter }
            let words = Shorthand.words(of: tool.name).values.map(\.parameter)
            let named = Set(operands + words + Shorthand.letters[tool.name, default: [:]].keys)
            #expect(named.isSubset(of: declared), "\(tool.name): \(named.subtracting(declared))")
        }
    }
}
