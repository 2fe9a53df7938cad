import Logging
import ProbeMetrics
import ProbeNative

/// Serves the checks' figures to Prometheus, and `/probe` where that is asked for (docs/prometheus.md).
public final class PrometheusOutput: WatchOutput {
    public var name: String { "prometheus \(listener.address)" }
    public var listeners: [LocalListener] { [listener] }
    public var dropped: Int { 0 }

    private let listener: LocalListener
    private let probing: ProbeEndpoint.Settings?
    private let figures = Locked(WatchFigures { Exposition.list($0) })
    private let server = Locked<Task<Void, any Error>?>(nil)

    init(_ listener: LocalListener, _ probing: ProbeEndpoint.Settings?) {
        self.listener = listener
        self.probing = probing
    }

    public func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let endpoint = probing.map { ProbeEndpoint($0, watch) }
        let metrics = LocalRoute("GET", "/metrics") { [figures] _ in
            let (entries, times) = figures.withLock { ($0.entries, $0.runTimes) }
            return LocalResponse(
                contentType: Exposition.contentType,
                parts: WatchPage(entries: entries, rest: Self.rest(entries.count, times, endpoint)))
        }
        let probe = endpoint.map { endpoint in LocalRoute("GET", "/probe") { await endpoint.answer($0) } }
        let server = LocalServer(
            [listener], routes: [metrics] + [probe].compactMap(\.self),
            answerTimeout: endpoint == nil ? .seconds(60) : ProbeEndpoint.longest + .seconds(10),
            mostConnections: LocalServer.mostConnections + 2 * (probing?.mostAtOnce ?? 0))
        self.server.withLock { $0 = Task { try await server.run() } }
        let others = "other machines may read the metrics"
        listener.address.note(
            "watch.listening", ["probe": "\(probing == nil ? "off" : "on")"],
            others: probing == nil ? others : others + ", and have this one probe whatever they like", in: logger)
    }

    public func receive(_ event: WatchEvent) { figures.withLock { $0.take(event) } }

    public func finish() async {
        let server = server.withLock { $0.take() }
        server?.cancel()
        _ = await server?.result
    }

    /// What is of no single check.
    private static func rest(_ count: Int, _ times: [String: Histogram], _ endpoint: ProbeEndpoint?) -> Exposition {
        var page = Exposition()
        page.add("probeops_watch_checks", .gauge, "Checks that are watched.", count)
        page.add(
            "probeops_watch_run_seconds", "How long runs took that measured something.",
            times.sorted { $0.key < $1.key }.map { (["tool": $0.key], $0.value) })
        endpoint?.addCounts(to: &page)
        page.addProcess()
        return page
    }
}
