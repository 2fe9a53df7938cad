import Foundation
import Glibc
import ProbeNative
import ProbeTesting
import Testing

/// The running node's log and metrics, read by the tools that are to read them.
@Suite(.timeLimit(.minutes(3))) struct NodeObservabilityTests {
    /// Jobs of several tools: successes, failures, refusals.
    private static func runJobs(_ controller: FakeController) async throws {
        let closed = try FreePorts.closed()
        try await controller.sendJob("ok", tool: "reverse_dns", target: "127.0.0.1")
        try await controller.sendJob("ping", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
        try await controller.sendJob(
            "refused", tool: "tcp", target: "127.0.0.1", parameters: ["port": .number(Double(closed))])
        try await controller.sendJob("denied", tool: "tcp", target: "169.254.169.254", parameters: ["port": 80])
        try await controller.sendJob("unknown", tool: "nonsense\"\\\n", target: "127.0.0.1")
        try await controller.sendJob("bad", tool: "dns", target: "-x")
        for id in ["ok", "ping", "refused", "denied", "unknown", "bad"] { _ = try await controller.response(to: id) }
    }

    private static let expected = [
        #"probeops_node_jobs_total{code="connection_refused",tool="tcp"} 1"#,
        #"probeops_node_jobs_total{code="policy_denied",tool="tcp"} 1"#,
        #"probeops_node_jobs_total{code="unknown_tool",tool="unknown"} 1"#,
        #"probeops_node_jobs_total{code="invalid_parameters",tool="dns"} 1"#,
        #"probeops_node_rejected_total{reason="policy_denied"} 1"#,
        #"probeops_node_job_run_seconds_count{tool="tcp"} 2"#,
        "probeops_node_connected 1", "probeops_node_in_flight 0", "probeops_node_reconnects_total 0",
    ]

    private static func check(_ page: String) async throws {
        for line in expected { #expect(page.contains("\n\(line)\n"), "\(line) is missing in\n\(page)") }
        let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page)
        #expect(verdict.isSuccess && verdict.output + verdict.errors == "", "\(verdict)")
    }

    @Test(arguments: NodeIdentity.available) func metricsAreServed(_ identity: NodeIdentity) async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--metrics-listen", "127.0.0.1:0"], as: identity) { node in
                let line = try await node.process.errors.next("address") { $0.contains("event=metrics.listening") }
                let address = try #require(line.firstMatch(of: /address=(\S+)/)).1
                try await Self.runJobs(controller)
                let page = try await Oracle.check("curl", ["-sS", "--fail", "http://\(address)/metrics"])
                try await Self.check(page)
                let other = try await Oracle.run("curl", ["-sS", "--fail", "http://\(address)/status"])
                #expect(!other.isSuccess, "metrics alone")
            }
        }
    }

    @Test func aSocketIsForTheNodesUserAlone() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("metrics.sock")
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--metrics-listen", "unix:\(path)"]) { node in
                let page = try await Oracle.check(
                    "curl", ["-sS", "--fail", "--unix-socket", path, "http://node/metrics"])
                #expect(page.contains("\nprobeops_node_connected 1\n"))
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func theTextfileIsWhatPrometheusReads() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("probeops.prom")
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--metrics-textfile", path]) { _ in
                // As soon as the node runs; then every 15 s.
                while !FileManager.default.fileExists(atPath: path) { await Task.yield() }
                let page = try String(contentsOfFile: path, encoding: .utf8)
                #expect(page.contains("\nprobeops_node_jobs_total{code=\"ok\",tool=\"ping\"} 0\n"))
                let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page)
                #expect(verdict.isSuccess && verdict.output + verdict.errors == "", "\(verdict)")
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == 0o644)
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "nobody's metrics stay")
    }

    @Test func atInfoTheLogIsAHandfulOfLines() async throws {
        try await FakeController.with { controller in
            let nginx = try await NginxServer()
            let url = nginx.url("/")
            try await NodeProcess.with(controller, ["--address-rate", "0", "--network-rate", "0"]) { node in
                let jobs = (1...200).map {
                    FakeController.job("\($0)", "http", url, expect: ["result.status_code": 200])
                }
                let tally = try await controller.load(jobs, window: 20)
                #expect(tally["answers"]?.int == 200 && tally["wrong"]?.int == 0, "\(tally)")
                let first = node.process.errors.pending
                try await controller.abort()
                _ = try await controller.next("authentication")
                // The one of the second connection is the second.
                var lines = [try await node.process.errors.next("first") { $0.contains("event=session.connected") }]
                lines.append(try await node.process.errors.next("second") { $0.contains("event=session.connected") })
                lines += node.process.errors.pending
                #expect(first.count < 7, "\(first)")
                #expect(lines.count < 10, "\(lines.joined(separator: "\n"))")
                #expect(
                    lines.allSatisfy { $0.wholeMatch(of: /time=\S+Z level=\w+ event=[a-z_.]+( .*)?/) != nil },
                    "\(lines)")
            }
            await nginx.stop()
        }
    }

    @Test func verboseFollowsAJobByItsIdentifier() async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--verbose", "--log-format", "json"]) { node in
                try await controller.sendJob("r\n1", tool: "reverse_dns", target: "127.0.0.1")
                try await controller.sendJob("r2", tool: "dns", target: "a\nlevel=critical")
                _ = try await controller.response(to: "r\n1")
                _ = try await controller.response(to: "r2")
                try await controller.send(["type": "result_received", "request_id": "r\n1"])
                _ = try await node.process.errors.peek("acknowledgement") { $0.contains("job.acknowledged") }
                let lines = try node.process.errors.pending.map { try JSONValue(parsing: $0) }
                func events(_ id: String) -> [String] {
                    lines.filter { $0["request_id"]?.string == id }.compactMap { $0["event"]?.string }
                }
                // Who started it and who sent its answer are different threads.
                #expect(
                    Set(events("r\n1")) == [
                        "job.accepted", "job.started", "job.finished", "job.sent", "job.acknowledged",
                    ], "\(lines)")
                #expect(Set(events("r2")).isSuperset(of: ["job.refused", "job.finished", "job.sent"]), "\(lines)")
                #expect(lines.allSatisfy { $0["level"]?.string != "critical" })
            }
        }
    }
}
