import ProbeMetrics
import ProbeTesting
import Testing

@testable import ProbeBackend

@Suite(.timeLimit(.minutes(2))) struct MetricsTests {
    @Test func theyCountWhatHappened() async throws {
        try await TestBackend.with { backend in
            try await FakeNode.with { node in
                let identity = try await backend.connect(node)
                _ = try await backend.api.register()
                let away = try await backend.api.register()
                _ = try await backend.api.patch("/api/v1/nodes/\(away.uuid)", ["disabled": true])
                try await node.send([
                    "type": "heartbeat", "node_uuid": .string(identity.uuid), "uptime": 1, "current_load": 0,
                    "cpu_usage": 1, "memory_usage": 1,
                ])
                let done = try await backend.api.post()
                try await node.answer(try await node.job()["request_id"]?.string ?? "")
                _ = try await node.acknowledgement(of: done)
                try await node.answer("never-sent")
                _ = try await node.message { $0["code"] == "unknown_job" }
                let cancelled = try await backend.api.post()
                _ = try await node.job()
                _ = try await backend.api.delete("/api/v1/jobs/\(cancelled)")
                let sent = try await backend.api.post()
                _ = try await node.job()
                _ = try await backend.api.get("/nothing")

                let metrics = try await backend.metrics()
                for (name, value) in [
                    (#"probe_backend_nodes{state="disabled"}"#, 1), ("probe_backend_connections", 1),
                    (#"probe_backend_jobs{state="queued"}"#, 0), (#"probe_backend_jobs{state="sent"}"#, 1),
                    ("probe_backend_heartbeats_total", 1), (#"probe_backend_answers_total{outcome="finished"}"#, 1),
                    (#"probe_backend_answers_total{outcome="unknown"}"#, 1),
                    (#"probe_backend_jobs_finished_total{state="done"}"#, 1),
                    (#"probe_backend_jobs_finished_total{state="cancelled"}"#, 1),
                    (#"probe_backend_http_requests_total{method="POST",route="/api/v1/jobs",status="202"}"#, 3),
                    (#"probe_backend_http_requests_total{method="GET",route="NotFound",status="404"}"#, 1),
                ] {
                    #expect(metrics[name] == value, "\(name)")
                }
                for name in ["probe_backend_commits_total", "process_resident_memory_bytes", "process_open_fds"] {
                    #expect((metrics[name] ?? 0) > 0, "\(name)")
                }
                try await node.answer(sent)
            }
        }
    }

    @Test func theyAreForReaders() async throws {
        try await TestBackend.with { backend in
            #expect(try await APIClient(url: backend.url).get("/metrics").code == "unauthorized")
            let answer = try await backend.client(role: "reader").get("/metrics")
            #expect(answer.status == 200)
            #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    @Test func labelsAreEscaped() {
        var exposition = Exposition()
        exposition.add("a", .gauge, "Help.", [.init(labels: ["b": "\\\"\n"], value: 7)])
        #expect(exposition.text == "# HELP a Help.\n# TYPE a gauge\na{b=\"\\\\\\\"\\n\"} 7\n")
    }
}

extension TestBackend {
    /// The samples, each by its name and labels.
    fileprivate func metrics() async throws -> [String: Int] {
        let text = try await Oracle.check(
            "curl", ["-sS", "-H", "Authorization: Bearer \(Self.adminToken)", "\(url)/metrics"])
        let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.lastIndex(of: " ").map { (String(line[..<$0]), Int(line[line.index(after: $0)...]) ?? -1) }
        }
        return Dictionary(samples) { first, _ in first }
    }
}
