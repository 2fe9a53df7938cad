import Hummingbird
import ProbeMetrics

/// `/metrics`, for Prometheus.
struct MetricsRoutes: Sendable {
    let metrics: Metrics
    let store: SQLStore
    let hub: NodeHub

    func add(to group: RouterGroup<some RequestContext>) {
        group.get("metrics") { _, _ in
            let text = try await exposition().text
            return Response(
                status: .ok, headers: [.contentType: Exposition.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    private func exposition() async throws -> Exposition {
        var exposition = Exposition()
        try await addStore(to: &exposition)
        exposition.add(
            "probe_backend_connections", .gauge, "Nodes connected to this process.", await hub.connections)
        addCounts(metrics.snapshot, to: &exposition)
        exposition.add(
            "probe_backend_commits_total", .counter, "Transactions committed by this process.", await store.commitCount)
        exposition.addProcess()
        return exposition
    }

    /// What is the same whichever replica is asked.
    private func addStore(to exposition: inout Exposition) async throws {
        let status = try await store.status()
        exposition.add(
            "probe_backend_nodes", .gauge, "Registered nodes by state.",
            Self.samples(
                "state", [("online", status.online), ("offline", status.offline), ("disabled", status.disabled)]))
        exposition.add(
            "probe_backend_jobs", .gauge, "Open jobs by state.",
            Self.samples("state", [("queued", status.queued), ("sent", status.sent)]))
    }

    private func addCounts(_ counts: Metrics.Counts, to exposition: inout Exposition) {
        exposition.add("probe_backend_heartbeats_total", .counter, "Heartbeats received.", counts.heartbeats)
        exposition.add(
            "probe_backend_answers_total", .counter, "Answers of nodes by what became of them.",
            Self.samples("outcome", AnswerOutcome.allCases.map { ($0.rawValue, counts.answers[$0] ?? 0) }))
        let states = [JobState.done, .failed, .expired, .cancelled]
        exposition.add(
            "probe_backend_jobs_finished_total", .counter, "Jobs that ended here by their last state.",
            Self.samples("state", states.map { ($0.rawValue, counts.finished[$0] ?? 0) }))
        exposition.add(
            "probe_backend_http_requests_total", .counter, "HTTP requests by route and status.",
            counts.requests.map { kind, count in
                Exposition.Sample(
                    labels: ["method": kind.method, "route": kind.route, "status": "\(kind.status)"], value: count)
            })
    }

    private static func samples(_ label: String, _ values: [(String, Int)]) -> [Exposition.Sample] {
        values.map { Exposition.Sample(labels: [label: $0.0], value: $0.1) }
    }
}
