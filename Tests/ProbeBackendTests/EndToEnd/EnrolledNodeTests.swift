import Foundation
import ProbeTesting
import Testing

/// The built node and the built backend: a token is made, the node registers, connects, and works.
@Suite(.timeLimit(.minutes(3))) struct EnrolledNodeTests {
    @Test func aTokenMakesANode() async throws {
        let folder = try TemporaryFolder("enrolled")
        let database = folder.file("fleet.db")
        let backend = Places.product("probe-backend")
        let program = Places.product("probe-agent")
        let token = try await Oracle.check(backend, ["token", "create", "--database", database])
        let file = try folder.write(token, to: "token")
        let port = try FreePorts.take(1)[0]
        let server = try ChildProcess.start(
            backend,
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--database", database, "--admin-token", "12345678",
            ])
        _ = try await server.output.next("listening") { $0.hasPrefix("listening on ") }
        let common = ["--backend", "http://127.0.0.1:\(port)", "--state-dir", folder.file("state")]
        let registered = try await Oracle.check(
            program, ["register", "--token-file", file, "--name", "n", "--region", "eu", "--wait", "60"] + common)
        #expect(registered.contains("Registered as n ("))
        // One use it had.
        let again = try await Oracle.run(program, ["register", "--token-file", file, "--force"] + common)
        #expect(again.status == .code(77), "\(again)")
        let page = try await Oracle.run(program, ["doctor", "--json"] + common, within: .seconds(120))
        #expect(page.output.contains("accepted as "), "\(page.output)")
        let node = try ChildProcess.start(
            program, ["run", "--state-dir", folder.file("state"), "--allow", "127.0.0.0/8"])
        let api = APIClient(url: "http://127.0.0.1:\(port)", token: "12345678")
        try await api.waitForNode("online")
        let nodes = try await api.get("/api/v1/nodes").body
        #expect(nodes.text.contains("\"region\":\"eu\""), "\(nodes.text)")
        await node.stop()
        await server.stop()
    }

    /// Results of the node's own checks go to a backend that takes them, and to no other.
    @Test(arguments: [true, false]) func aNodesOwnChecks(areTaken: Bool) async throws {
        let folder = try TemporaryFolder("enrolled")
        let file = try folder.write(
            """
            checks:
              - {tool: tcp, target: 127.0.0.1, name: "open #1", every: 1s, parameters: {port: PORT}, group: here}
              - {tool: tcp, target: 127.0.0.1, name: closed, every: 1s, parameters: {port: 1}}
            outputs: [{backend: {}}]
            """, to: "checks.yaml")
        try await TestBackend.with({ $0.nodes.takesCheckResults = areTaken }) { backend in
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let port = backend.url.split(separator: ":").last ?? ""
            try text.replacing("PORT", with: port).write(
                toFile: file, atomically: true, encoding: .utf8)
            let identity = try await backend.api.register()
            let node = try ChildProcess.start(
                Places.product("probe-agent"),
                [
                    "run", "--backend", backend.url, "--uuid", identity.uuid, "--key", identity.key, "--watch",
                    file,
                ])
            if areTaken {
                let open = try await backend.api.firstJob(check: "open #1")
                #expect(open["tool"] == "tcp" && open["target"] == "127.0.0.1" && open["state"] == "done")
                #expect(open["node_uuid"]?.string == identity.uuid && open["result"]?["success"] == true)
                #expect(open["check"] == "open #1" && open["parameters"] == [:], "\(open.text)")
                let closed = try await backend.api.firstJob(check: "closed")
                #expect(closed["error_code"] == "connection_refused" && closed["state"] == "done")
            } else {
                _ = try await node.errors.next("a warning") { $0.contains("event=watch.not_sent") }
                #expect(try await backend.api.get("/api/v1/jobs").body["jobs"]?.array?.isEmpty == true)
            }
            #expect(await node.stop() == .code(0))
        }
    }
}

extension APIClient {
    /// The newest result of a check, once there is one.
    fileprivate func firstJob(check: String) async throws -> JSONValue {
        let query = check.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            let jobs = try await get("/api/v1/jobs?include=result&check=\(query)").body["jobs"]?.array ?? []
            if let job = jobs.first { return job }
        }
        throw Unexpected("no result of \(check) came")
    }
}
