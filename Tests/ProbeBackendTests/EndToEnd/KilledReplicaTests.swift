import Foundation
import ProbeTesting
import Testing

/// Two built backends over one PostgreSQL database, one killed in the middle: nothing lost, nothing done twice.
@Suite(.timeLimit(.minutes(5))) struct KilledReplicaTests {
    private static let nodes = 20
    private static let jobs = 5000
    private static let batch = 125

    @Test func everyJobIsDoneOnceInTheStore() async throws {
        let server = try await PostgresServer.shared()
        let database = try await server.makeDatabase()
        let replicas = [try await serve(database), try await serve(database)]
        do {
            try await FakeNode.with { node in
                try await node.command("answer", ["delay": 0.02])
                var identities: [NodeIdentity] = []
                for number in 0..<Self.nodes {
                    identities.append(try await replicas[0].api.register())
                    try await connect(node, identities[number], to: replicas[number % 2])
                }
                // Those whose connection ends go to the other replica, as nodes behind a load balancer do.
                let known = identities
                let mover = Task {
                    while true {
                        let event = try await node.events.next("closed", within: .seconds(300)) {
                            $0["event"] == "closed"
                        }
                        let number = (event["connection"]?.int ?? 1) - 1
                        try await connect(node, known[number % Self.nodes], to: replicas[1])
                    }
                }
                defer { mover.cancel() }

                let batches = (0..<(Self.jobs / Self.batch)).map { batch in
                    (0..<Self.batch).map { job(batch * Self.batch + $0, known) }
                }
                for (index, batch) in batches.enumerated() {
                    if index == batches.count / 2 { await replicas[0].process.stop(signal: SIGKILL) }
                    // To both in turn; who gets no answer asks the other one.
                    if try await !post(batch, to: replicas[index % 2]) {
                        #expect(try await post(batch, to: replicas[1]))
                    }
                }
                try await wait(for: "SELECT count(*) FROM jobs WHERE state = 'done'", "\(Self.jobs)", server, database)
                #expect(try await server.query("SELECT count(*) FROM jobs", in: database) == "\(Self.jobs)\n")
                #expect(try await server.query("SELECT count(*) FROM results", in: database) == "\(Self.jobs)\n")
                let tally = try await node.tally()
                #expect(tally["distinct"]?.int == Self.jobs)
                #expect(tally["errors"] == 0)
                // All nodes are at the living one, once the dead one's row is gone.
                try await wait(for: "SELECT count(*) FROM replicas", "1", server, database)
                try await wait(
                    for: "SELECT count(*) FROM nodes JOIN replicas ON replica = replica_id", "\(Self.nodes)", server,
                    database)
            }
        } catch {
            for replica in replicas { await replica.process.stop(signal: SIGKILL) }
            throw error
        }
        await replicas[1].process.stop()
    }

    private struct Replica {
        let process: ChildProcess
        let api: APIClient
    }

    private func serve(_ database: String) async throws -> Replica {
        let process = try ChildProcess.start(
            Places.product("probe-backend"),
            ["serve", "--listen", "127.0.0.1:0", "--database", database, "--admin-token", "12345678"])
        let line = try await process.output.next("listening") { $0.hasPrefix("listening on ") }
        let url = String(line.dropFirst("listening on ".count))
        return Replica(process: process, api: APIClient(url: url, token: "12345678"))
    }

    private func connect(_ node: FakeNode, _ identity: NodeIdentity, to replica: Replica) async throws {
        try await node.connect(replica.api.url.replacing("http", with: "ws", maxReplacements: 1) + "/ws/node")
        try await node.send(identity.authentication)
    }

    /// Every fourth is for any node.
    private func job(_ number: Int, _ identities: [NodeIdentity]) -> JSONValue {
        [
            "request_id": .string("job-\(number)"), "tool": "ping", "target": "127.0.0.1",
            "node": .string(number % 4 == 0 ? "any" : identities[number % identities.count].uuid),
        ]
    }

    /// False when no answer came: then nobody knows whether the jobs are stored, until somebody posts them again.
    private func post(_ jobs: [JSONValue], to replica: Replica) async throws -> Bool {
        guard let answer = try? await replica.api.post("/api/v1/jobs", .array(jobs)) else { return false }
        return [200, 202].contains(answer.status) || answer.code == "duplicate_request_id"
    }

    private func wait(
        for sql: String, _ value: String, _ server: PostgresServer, _ database: String
    ) async throws {
        var seen = ""
        for _ in 0..<1500 {
            seen = try await server.query(sql, in: database)
            if seen == value + "\n" { return }
        }
        throw Unexpected("\(sql): \(seen)")
    }
}
