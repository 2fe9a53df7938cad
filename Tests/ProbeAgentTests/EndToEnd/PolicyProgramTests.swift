import Foundation
import ProbeTesting
import Testing

/// The owner's policy around the built program.
struct PolicyProgramTests {
    private func code(_ controller: FakeController, _ id: String, _ tool: String, _ target: String) async throws
        -> String
    {
        try await controller.sendJob(id, tool: tool, target: target, parameters: ["count": 1])
        let result = try await controller.response(to: id)["result"]
        return result?["error_code"]?.string ?? "success"
    }

    @Test func theNodeObeysItsOwnerAndTellsWhatItDid() async throws {
        let folder = try TemporaryFolder()
        let audit = folder.file("audit.ndjson")
        let flags = [
            "run", "--uuid", "n", "--key", "k", "--allow", "127.0.0.1/32", "--tools", "ping,http", "--node-rate", "0.2",
            "--audit-log", audit,
        ]
        try await FakeController.with { controller in
            let process = try ChildProcess.start(
                Places.product("probe-agent"), flags + ["--backend", controller.url])
            let authentication = try #require(try await controller.next("authentication").message)
            #expect(authentication["capabilities"]?["tools"] == ["ping", "http"])
            #expect(try await code(controller, "1", "ping", "127.0.0.1") == "success")
            #expect(try await code(controller, "2", "dns", "a.test") == "unknown_tool")
            #expect(
                try await code(controller, "3", "http", "http://169.254.169.254/latest/meta-data/") == "policy_denied")
            #expect(try await code(controller, "4", "ping", "127.0.0.2") == "policy_denied", "one address is allowed")
            // The bucket held two.
            #expect(try await code(controller, "5", "ping", "8.8.8.8") == "rate_limited")
            #expect(
                try await code(controller, "6", "ping", "127.0.0.1") == "success",
                "what is allowed by name has no limit")
            #expect(await process.stop(signal: SIGTERM, patience: .seconds(60)) == .code(0))
        }
        let lines = try String(contentsOfFile: audit, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(lines.map { $0["request_id"]?.string } == ["1", "2", "3", "4", "5", "6"])
        #expect(
            lines.map { $0["verdict"]?.string } == ["allowed", "refused", "denied", "denied", "denied", "allowed"])
        #expect(lines[0]["address"]?.string == "127.0.0.1" && lines[2]["code"]?.string == "policy_denied")
        #expect(lines[2]["reason"]?.string?.contains("metadata") == true)
    }

    @Test func aCommandObeysItsDenialsAlone() async throws {
        let words = ["tcp", "127.0.0.1", "--port", "\(try FreePorts.closed())"]
        let free = try await Oracle.run(Places.product("probe-agent"), words)
        #expect(free.status == .code(1) && free.output.contains("refused"), "\(free)")
        let flag = try await Oracle.run(
            Places.product("probe-agent"), words + ["--deny", "10.0.0.1", "--deny", "127.0.0.0/8"])
        #expect(flag.status == .code(1) && flag.output.contains("denied by the rule 127.0.0.0/8"), "\(flag)")
        let variable = try await Oracle.run(
            Places.product("probe-agent"), words, environment: ["PROBEOPS_DENY": "any+tool=tcp"])
        #expect(variable.output.contains("denied by the rule any+tool=tcp"), "\(variable)")
        let wrong = try await Oracle.run(Places.product("probe-agent"), words + ["--deny", "x.example+port=1"])
        #expect(wrong.status == .code(78) && wrong.errors.contains("a name takes no port"), "\(wrong)")
    }

    @Test(arguments: [
        (["169.254.169.254"], 1, "metadata"), (["::ffff:127.0.0.1", "--tool", "ping"], 1, "loopback"),
        (["8.8.8.8", "--port", "443"], 0, "nothing denies"), (["8.8.8.8", "--port", "25"], 1, "mail"),
        (["127.0.0.1", "--allow", "127.0.0.0/8"], 0, "127.0.0.0/8"), (["localhost"], 1, "loopback"),
        (["localhost", "--allow", "127.0.0.0/8", "--allow", "::1"], 0, "allowed"),
        (["a.internal.example", "--deny", "*.internal.example"], 1, "*.internal.example"),
        (["nowhere.invalid"], 64, "no address"), (["8.8.8.8", "--port", "0"], 64, "--port"), ([], 64, "Say what"),
    ])
    func checkExplains(_ words: [String], _ code: Int32, _ part: String) async throws {
        let result = try await Oracle.run(Places.product("probe-agent"), ["policy", "check"] + words)
        #expect(result.status == .code(code), "\(result)")
        #expect((result.output + result.errors).contains(part), "\(result)")
    }
}
