import Foundation
import Glibc
import ProbeTesting
import Testing

/// The programs of Examples, which are built from this project's products in a package of their own: what they show works.
@Suite(
    .enabled(
        if: FileManager.default.fileExists(atPath: Places.example("custom-tool")),
        "the examples are not built: swift build --package-path Examples --scratch-path .build-examples"),
    .timeLimit(.minutes(3)))
struct ExampleTests {
    @Test(.enabled(if: geteuid() == 0, "raw sockets need root here")) func aThousandHostsArePingedAtOnce() async throws
    {
        let hosts = (0..<1000).map { "127.0.\($0 / 250 + 1).\($0 % 250 + 1)" } + ["-no-host"]
        let run = try await Oracle.run(Places.example("ping-hosts"), input: hosts.joined(separator: "\n"))
        #expect(run.isSuccess && run.lines.count == 1002, "\(run.errors)")
        #expect(run.lines.last?.hasPrefix("1000 of 1001 hosts answered (median ") == true, "\(run.lines.suffix(3))")
        #expect(run.lines.contains { $0.hasPrefix("-no-host  ") && $0.hasSuffix(".") }, "\(run.lines.suffix(3))")
    }

    /// End to end over the WebSocket.
    @Test func toolsOfItsOwnAnswerJobs() async throws {
        let peer = try await PythonPeer.tcp()
        try await FakeController.with { controller in
            let program = try ChildProcess.start(
                Places.example("custom-tool"),
                environment: [
                    "PROBEOPS_BACKEND_URL": controller.url, "PROBEOPS_NODE_UUID": "node-1",
                    "PROBEOPS_API_KEY": "pnode_test", "PROBEOPS_ALLOW": "127.0.0.0/8",
                ])
            let authentication = try await controller.next("authentication")
            let tools = (authentication.message?["capabilities"]?["tools"]?.array ?? []).compactMap(\.string)
            #expect(tools.contains("redis") && tools.contains("words") && tools.contains("ping"))

            func ask(_ tool: String, _ target: String, _ parameters: JSONValue = [:]) async throws -> JSONValue {
                let id = UUID().uuidString
                try await controller.sendJob(id, tool: tool, target: target, parameters: parameters)
                return try await controller.response(to: id)["result"] ?? .null
            }
            let redis = try await ask("redis", "127.0.0.1", ["port": .number(Double(peer.port("redis")))])
            #expect(redis["success"] == true && redis["reply"]?.string == "+PONG", "\(redis.text)")
            #expect((redis["connect_ms"]?.double ?? -1) >= 0 && (redis["reply_ms"]?.double ?? -1) >= 0)
            let echo = try await ask("redis", "127.0.0.1", ["port": .number(Double(peer.port("echo")))])
            #expect(echo["error_code"]?.string == "protocol_error" && echo["reply"]?.string == "PING", "\(echo.text)")
            let closed = try await ask("redis", "127.0.0.1", ["port": .number(Double(try FreePorts.closed()))])
            #expect(closed["error_code"]?.string == "connection_refused", "\(closed.text)")
            let bad = try await ask("redis", "127.0.0.1", ["port": 0])
            #expect(bad["error_code"]?.string == "invalid_parameters", "\(bad.text)")
            // The node's policy is the tool's too.
            let denied = try await ask("redis", "169.254.169.254")
            #expect(denied["error_code"]?.string == "policy_denied", "\(denied.text)")

            let words = try await ask("words", "common-licenses/GPL-3")
            #expect((words["words"]?.int ?? 0) > 5000, "\(words.text)")
            let none = try await ask("words", "no/such/file")
            #expect(none["success"] == false && none["error"]?.string?.contains("There is no text") == true)

            program.send(signal: SIGTERM)
            #expect(try await program.exit() == .code(0), "\(program.errors.pending)")
        }
    }

    @Test func aNodeAsPartOfAService() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.good) { controller in
            let program = try ChildProcess.start(
                Places.example("agent-in-service"),
                environment: [
                    "BACKEND": controller.url, "NODE_UUID": "node-1", "NODE_KEY": "pnode_test",
                    "CA_FILE": certificates.authority, "ALLOW": "127.0.0.0/8",
                ])
            let authentication = try await controller.next("authentication")
            let tools = (authentication.message?["capabilities"]?["tools"]?.array ?? []).compactMap(\.string)
            #expect(Set(tools) == ["ping", "dns", "http", "tcp"])
            _ = try await program.errors.next("connected") { $0.contains("connected as ") }
            try await controller.sendJob(
                "job-1", tool: "tcp", target: "127.0.0.1", parameters: ["port": .number(Double(controller.port))])
            #expect(try await controller.response(to: "job-1")["success"] == true)
            _ = try await program.errors.next("job") { $0.contains("job-1: tcp 127.0.0.1: ok") }
            program.send(signal: SIGTERM)
            _ = try await program.errors.next("end") { $0.contains("stopped after 1 jobs") }
            #expect(try await program.exit() == .code(0), "\(program.errors.pending)")
        }
        // What cannot be used is one sentence and the usual code.
        let refused = try await Oracle.run(Places.example("agent-in-service"), environment: ["BACKEND": "ftp://x"])
        #expect(refused.status == .code(78))
    }
}
