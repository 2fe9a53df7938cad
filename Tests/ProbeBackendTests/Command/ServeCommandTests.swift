import Foundation
import ProbeTesting
import Testing

@testable import ProbeBackend

/// The built command, as an operator runs it.
@Suite(.timeLimit(.minutes(2))) struct ServeCommandTests {
    private static let command = Places.product("probe-backend")

    private func serve(_ arguments: [String], environment: [String: String]? = nil) async throws -> ChildProcess {
        try ChildProcess.start(
            Self.command, ["serve", "--listen", "127.0.0.1:0"] + arguments, environment: environment)
    }

    private func url(of process: ChildProcess) async throws -> String {
        let line = try await process.output.next("listening") { $0.hasPrefix("listening on ") }
        return String(line.dropFirst("listening on ".count))
    }

    @Test func healthIsWhetherItServes() async throws {
        let folder = try TemporaryFolder("health")
        let process = try await serve(["--database", folder.file("fleet.db")])
        let url = try await url(of: process)
        #expect(try await Oracle.check(Self.command, ["health", "--url", url]) == "ready\n")
        await process.stop()
        let gone = try await Oracle.run(Self.command, ["health", "--url", url])
        #expect(gone.status == .code(1) && gone.output.isEmpty)
        #expect(gone.errors.hasPrefix("probe-backend: \(url) gives no answer: "), "\(gone.errors)")
    }

    @Test func saysItsVersion() async throws {
        #expect(try await Oracle.check(Self.command, ["--version"]) == BackendVersion.current + "\n")
    }

    @Test func servesAndStopsGracefully() async throws {
        let folder = try TemporaryFolder("serve")
        let database = folder.file("fleet.db")
        let process = try await serve(["--database", database])
        do {
            let made = try await process.output.next("admin token") { $0.hasPrefix("admin token: ") }
            let url = try await url(of: process)
            let api = APIClient(url: url, token: String(made.dropFirst("admin token: ".count)))
            // Beside the running server.
            let token = try await Oracle.check(
                Self.command, ["token", "create", "--database", database, "--uses", "1", "--expires", "1h"])
            let order: JSONValue = ["registration_token": .string(String(token.dropLast())), "name": "n"]
            let registered = try await api.post("/probe-nodes/register", order)
            let uuid = try #require(registered.body["node_uuid"]?.string)
            let key = try #require(registered.body["api_key"]?.string)
            try await FakeNode.with { node in
                try await node.connect(url.replacing("http", with: "ws") + "/ws/node")
                try await node.send(NodeIdentity(uuid: uuid, key: key).authentication)
                _ = try await node.message { $0["status"] == "connected" }
                let id = try await api.post()
                _ = try await node.job()
                process.send(signal: SIGTERM)
                #expect(try await node.message { $0["type"] == "server_shutdown" }["reconnect_in"] == 1000)
                let close = try await node.closed()
                #expect(close.code == 1012)
                #expect(try await process.exit() == .code(0))

                // The job is still there for the node when the backend is back.
                let again = try await serve(["--database", database, "--admin-token", "12345678"])
                let address = try await self.url(of: again)
                try await node.connect(address.replacing("http", with: "ws") + "/ws/node")
                try await node.send(NodeIdentity(uuid: uuid, key: key).authentication)
                #expect(try await node.job(on: 2)["request_id"]?.string == id)
                await again.stop()
            }
        } catch {
            await process.stop()
            throw error
        }
    }

    /// Killed in the middle, ten times: each job is answered once in the end.
    @Test func survivesBeingKilled() async throws {
        let folder = try TemporaryFolder("serve")
        let database = folder.file("fleet.db")
        let ids = (0..<500).map { "job-\($0)" }
        let token = try await Oracle.check(Self.command, ["token", "create", "--database", database])
        try await FakeNode.with { node in
            try await node.command("answer", ["delay": 0.005])
            var identity: NodeIdentity?
            for round in 0...10 {
                let process = try await serve(["--database", database, "--admin-token", "12345678"])
                let address = try await url(of: process)
                let api = APIClient(url: address, token: "12345678")
                if identity == nil {
                    let order: JSONValue = ["registration_token": .string(String(token.dropLast())), "name": "n"]
                    let body = try await api.post("/register", order).body
                    identity = NodeIdentity(uuid: body["node_uuid"]?.string ?? "", key: body["api_key"]?.string ?? "")
                }
                try await node.connect(address.replacing("http", with: "ws") + "/ws/node")
                try await node.send(identity?.authentication ?? .null)
                if round < 10 {
                    let jobs = ids[(round * 50)..<(round * 50 + 50)].map { id -> JSONValue in
                        ["tool": "ping", "target": "127.0.0.1", "request_id": .string(id)]
                    }
                    let posted = try await api.post("/api/v1/jobs", .array(jobs))
                    #expect(posted.status == 202 || posted.status == 200)
                    await process.stop(signal: SIGKILL)
                } else {
                    for id in ids { _ = try await api.job(id, reaches: "done") }
                    await process.stop()
                }
            }
            let tally = try await node.tally()
            #expect(tally["distinct"]?.int == 500)
            #expect(tally["errors"] == 0)
        }
    }

    @Test func aTokenComesFromTheEnvironmentOrAFile() async throws {
        let folder = try TemporaryFolder("serve")
        let file = try folder.write("  from-a-file-123\n", to: "token")
        let ways: [([String], [String: String], String)] = [
            ([], ["PROBEOPS_ADMIN_TOKEN": "from-the-environment"], "from-the-environment"),
            (["--admin-token-file", file], ["PROBEOPS_ADMIN_TOKEN": "from-the-environment"], "from-a-file-123"),
            (["--admin-token", "from-a-flag"], ["PROBEOPS_ADMIN_TOKEN": "from-the-environment"], "from-a-flag"),
        ]
        for (arguments, variables, token) in ways {
            let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
            let process = try await serve(
                ["--database", folder.file("fleet.db")] + arguments, environment: environment)
            let answer = try await APIClient(url: url(of: process), token: token).get("/api/v1/nodes")
            #expect(answer.status == 200, "\(token)")
            await process.stop()
        }
    }

    static let wrongSettings: [([String], Int32)] = [
        (["--database", "/nonexistent/folder/x.db"], 78), (["--database", "DB", "--admin-token", "short"], 78),
        (["--database", "DB", "--admin-token-file", "/nonexistent"], 78),
        (["--database", "DB", "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], 78),
        (["--database", "DB", "--tls-cert", "/nonexistent"], 64), ([], 64),
        (["--database", "DB", "--listen", "x"], 64),
        (["--database", "DB", "--listen", "127.0.0.1:70000"], 64),
        (["--database", "DB", "--max-outstanding", "0"], 64),
    ]

    @Test(arguments: wrongSettings)
    func wrongSettingsEndWithASentence(_ arguments: [String], _ code: Int32) async throws {
        let folder = try TemporaryFolder("serve")
        let arguments = arguments.map { $0 == "DB" ? folder.file("fleet.db") : $0 }
        let result = try await Oracle.run(Self.command, ["serve", "--listen", "127.0.0.1:0"] + arguments)
        #expect(result.status == .code(code))
        #expect(!result.errors.isEmpty)
        if code == 78 { #expect(result.errors.split(separator: "\n").count == 1) }
    }
}
