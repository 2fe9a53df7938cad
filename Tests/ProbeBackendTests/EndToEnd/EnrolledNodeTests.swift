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
}
