import Foundation
import ProbeTesting
import Testing

/// The built node and the built backend, the backend killed again and again.
@Suite(.timeLimit(.minutes(4))) struct KilledBackendTests {
    private static let rounds = 20
    private static let jobsARound = 100

    @Test func everyJobIsDoneOnceInTheEnd() async throws {
        let folder = try TemporaryFolder("killed")
        let database = folder.file("fleet.db")
        let port = try FreePorts.take(1)[0]
        var backend = try await serve(database, port)
        let api = APIClient(url: "http://127.0.0.1:\(port)", token: "12345678")
        let identity = try await api.register()
        let node = try ChildProcess.start(
            Places.product("probe-agent"),
            [
                "run", "--backend", api.url, "--uuid", identity.uuid, "--key", identity.key, "--heartbeat", "1",
                "--reconnect-initial", "0.1", "--reconnect-max", "0.2", "--verbose", "--allow", "127.0.0.0/8",
                "--allow", "::1/128",
            ])
        do {
            var ids: [String] = []
            for round in 0..<Self.rounds {
                try await api.waitForNode("online")
                let batch = (0..<Self.jobsARound).map { "job-\(round)-\($0)" }
                let jobs = batch.enumerated().map { index, id -> JSONValue in
                    [
                        "request_id": .string(id), "tool": "ping", "node": .string(identity.uuid),
                        "target": .string("127.0.\(round).\(index + 1)"), "parameters": ["count": 1],
                    ]
                }
                let posted = try await api.post("/api/v1/jobs", .array(jobs))
                #expect([200, 202].contains(posted.status))
                ids += batch
                // The jobs are on their way, run or being answered: wherever they are just now.
                await backend.stop(signal: SIGKILL)
                backend = try await serve(database, port)
            }
            for id in ids {
                let job = try await api.job(id, reaches: "done")
                #expect(job["result"]?["packets_received"]?.int == 1, "\(job.text)")
            }
            node.send(signal: SIGTERM)
            #expect(try await node.exit(within: .seconds(60)) == .code(0))
            // Run once each: a job that is sent again is answered from what is kept.
            let ran = node.errors.pending.filter { $0.contains("event=job.finished") }.compactMap(Self.requestID)
            #expect(ran.count == ids.count && Set(ran) == Set(ids), "\(ran.count) runs of \(ids.count) jobs")
        } catch {
            await node.stop(signal: SIGKILL)
            await backend.stop()
            throw error
        }
        await backend.stop()
    }

    private func serve(_ database: String, _ port: Int) async throws -> ChildProcess {
        let process = try ChildProcess.start(
            Places.product("probe-backend"),
            ["serve", "--listen", "127.0.0.1:\(port)", "--database", database, "--admin-token", "12345678"])
        _ = try await process.output.next("listening") { $0.hasPrefix("listening on ") }
        return process
    }

    private static func requestID(_ line: String) -> String? {
        guard let start = line.range(of: "request_id=")?.upperBound else { return nil }
        return String(line[start...].prefix { $0 != " " })
    }
}
