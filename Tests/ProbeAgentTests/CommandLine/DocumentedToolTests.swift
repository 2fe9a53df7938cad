import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative
@testable import probe_agent

/// What docs/adding-a-tool.md promises: this code is all that a tool is.
struct DocumentedToolTests {
    @Test func thePageShowsThisCode() throws {
        let page = try String(contentsOfFile: Places.testFile("../docs/adding-a-tool.md"), encoding: .utf8)
        let path = Places.testFile("ProbeAgentTests/CommandLine/DocumentedTool.swift")
        let code = try String(contentsOfFile: path, encoding: .utf8)
        let start = try #require(code.range(of: "/// Looks a name up"))
        #expect(page.contains(code[start.lowerBound...]))
    }

    @Test func itHasFlagsHelpAndText() async throws {
        let tool = ResolveTool()
        let flags = ToolFlags(tool)
        #expect(FlagHelp.text(flags.flags).contains("addresses to report at most (default: 8; 1-64)"))
        let job = try flags.job(FlagParser(flags.flags).parse(["localhost", "--limit", "1"]))
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        let engine = try Engine(configuration, registry: ToolRegistry([tool]))
        defer { engine.stop() }
        let result = await engine.run(try tool.prepare(target: job.target, parameters: job.parameters))
        #expect(result.outcome.failure == nil)
        #expect(ResultText.render(result, color: false).contains("  addresses   127.0.0.1\n"))
    }
}
