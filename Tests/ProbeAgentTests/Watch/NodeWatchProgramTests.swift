import Foundation
import ProbeTesting
import Testing

/// `probe-agent run --watch FILE`: the operator's checks besides the backend's jobs.
struct NodeWatchProgramTests {
    private static let limit = Duration.seconds(90)

    @Test func checksRunBesidesJobsUnderAPolicyOfTheirOwn() async throws {
        let folder = try TemporaryFolder()
        let listener = try await NginxServer()
        func write(_ path: String) throws {
            try folder.write(
                """
                checks: [{tool: http, target: "\(listener.url(path))", every: 1s}, {tool: ping, target: 127.0.0.1, every: 1s}]
                outputs: [{ndjson: {file: out.ndjson}}]
                """, to: "w.yaml")
        }
        func results(_ part: String) throws -> [JSONValue] {
            let text = (try? String(contentsOfFile: folder.file("out.ndjson"), encoding: .utf8)) ?? ""
            return try text.split(separator: "\n").dropLast().filter { $0.contains(part) }.map {
                try JSONValue(parsing: String($0))
            }
        }
        try write("/healthz")
        try await FakeController.with { controller in
            let process = try ChildProcess.start(
                Places.product("probe-agent"),
                [
                    "run", "--uuid", "n", "--key", "k", "--tools", "dns,http", "--watch", folder.file("w.yaml"),
                    "--backend", controller.url,
                ])
            _ = try await controller.next("authentication")
            let end = ContinuousClock.now + Self.limit
            while try results("/healthz").count < 2 || results("127.0.0.1").count < 2, ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(50))
            }
            // Neither the defaults of the policy nor --tools are for the operator's own checks.
            #expect(try results("/healthz").count >= 2)
            #expect(try results("http").allSatisfy { $0["verdict"]?.string == "ok" })
            try await controller.sendJob("1", tool: "http", target: listener.url("/healthz"), parameters: [:])
            let answer = try await controller.response(to: "1")["result"]
            #expect(answer?["error_code"]?.string == "policy_denied")
            // The file is taken anew, hardened as the process is.
            try write("/healthz?again")
            process.send(signal: SIGHUP)
            _ = try await process.errors.next("reload", within: Self.limit) { $0.contains("event=watch.reloaded") }
            process.send(signal: SIGTERM)
            #expect(try await process.exit(within: Self.limit) == .code(0))
        }
        await listener.stop()
    }

    @Test func aBadFileEndsTheStart() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("checks:\n  - {tool: pnig, target: a.example}\n", to: "w.yaml")
        let result = try await UsageProgramTests.run([
            "run", "--uuid", "n", "--key", "k", "--backend", "ws://127.0.0.1:1", "--watch", path,
        ])
        #expect(result.status == .code(78) && result.errors.contains("\(path):2: there is no tool"), "\(result)")
    }
}
