import Foundation
import ProbeAgent
import ProbeNative
import ProbeTesting
import Testing

/// The built program, from outside.
struct UsageProgramTests {
    /// Nothing of the test's own environment that could be a setting.
    private static let environment = ["PATH": "/usr/bin:/bin", "HOME": "/"]

    static func run(_ words: [String], _ variables: [String: String] = [:]) async throws -> Oracle.Result {
        try await Oracle.run(
            Places.product("probe-agent"), words, environment: environment.merging(variables) { $1 })
    }

    /// Wrong in any way: nothing on standard output, one sentence on standard error.
    private func expectRefusal(_ result: Oracle.Result, code: Int32, _ part: String) {
        #expect(result.status == .code(code))
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("probe-agent: ") && result.errors.contains(part), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }

    // MARK: Help

    @Test func helpListsCommandsAndTools() async throws {
        for words in [["--help"], ["-h"], ["help"]] {
            let result = try await Self.run(words)
            #expect(result.isSuccess)
            #expect(result.output.contains("probe-agent TOOL TARGET"))
            for tool in ToolRegistry.builtIn().tools {
                #expect(result.output.contains("  \(tool.name) "), "\(tool.name)")
                #expect(result.output.contains(tool.summary), "\(tool.name)")
            }
        }
    }

    @Test func helpOfRunShowsEverySetting() async throws {
        for words in [["run", "--help"], ["help", "run"], ["--verbose", "--help"]] {
            let result = try await Self.run(words)
            #expect(result.isSuccess)
            for setting in Setting.all {
                #expect(result.output.contains(setting.flag))
                if let variable = setting.variable { #expect(result.output.contains(variable)) }
            }
        }
    }

    @Test func helpOfAToolShowsEveryParameter() async throws {
        for tool in ToolRegistry.builtIn().tools {
            for words in [[tool.name, "--help"], ["help", tool.name]] {
                let result = try await Self.run(words)
                #expect(result.isSuccess)
                #expect(result.output.contains(tool.summary))
                for declaration in tool.declarations {
                    let flag = declaration.name.replacingOccurrences(of: "_", with: "-")
                    #expect(result.output.contains(flag), "\(tool.name): \(flag)")
                }
            }
        }
    }

    @Test func version() async throws {
        let result = try await Self.run(["--version"])
        #expect(result.isSuccess && result.output == "\(Version.current)\n")
    }

    // MARK: Wrong usage and configuration

    @Test(arguments: [
        (["pong", "127.0.0.1"], "There is no command or tool pong"), (["run", "word"], "not word"),
        (["--heartbeet", "3"], "did you mean --heartbeat?"), (["--key"], "--key needs a value."),
    ])
    func wrongUsageIs64(words: [String], part: String) async throws {
        expectRefusal(try await Self.run(words), code: 64, part)
    }

    @Test func wrongConfigurationIs78() async throws {
        expectRefusal(try await Self.run([]), code: 78, "No backend is set")
        let node = ["--backend", "http://localhost:1", "--uuid", "n", "--key", "k"]
        expectRefusal(try await Self.run(node + ["--heartbeat", "soon"]), code: 78, "--heartbeat must be a time")
        expectRefusal(
            try await Self.run(node, ["PROBEOPS_QUEUE_LIMIT": "-1"]), code: 78, "PROBEOPS_QUEUE_LIMIT must be")
        expectRefusal(
            try await Self.run(node + ["--backend", "ws://192.0.2.1"]), code: 78, "would send the API key in the clear")
        let folder = try TemporaryFolder()
        let file = try folder.write("backend: x\nheartbeat: soon\n", to: "node.yaml")
        expectRefusal(try await Self.run(["--config", file]), code: 78, "\(file):2: heartbeat must be a time")
    }

    // MARK: One-shot

    @Test func toolsRefuseWrongInputWith64() async throws {
        for tool in ToolRegistry.builtIn().tools {
            expectRefusal(try await Self.run([tool.name]), code: 64, "needs a target")
            expectRefusal(try await Self.run([tool.name, "a b\u{7}"]), code: 64, "\\u{7}")
            expectRefusal(try await Self.run([tool.name, "--", "-oX"]), code: 64, "-oX")
            expectRefusal(
                try await Self.run([tool.name, "127.0.0.1", "--xyzzy"]), code: 64, "There is no flag --xyzzy")
            expectRefusal(try await Self.run([tool.name, "127.0.0.1", "--timeout", "0"]), code: 64, "0.1 to 600")
        }
    }
}
