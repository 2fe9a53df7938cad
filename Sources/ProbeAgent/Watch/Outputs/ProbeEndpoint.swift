import ProbeMetrics
import ProbeNative

/// `/probe?target=...&module=...` as blackbox_exporter has it, by the engine, slots and policy of the checks.
final class ProbeEndpoint: Sendable {
    struct Settings: Sendable {
        /// By name.
        var modules: [String: ProbeModule] = [:]
        /// Requests that are answered at once.
        var mostAtOnce: Int
        /// How much sooner than Prometheus the probe gives up.
        var offset: Duration
    }

    /// Of a probe, whoever asks.
    static let longest = Duration.seconds(120)
    private static let shortest = Duration.milliseconds(100.0)
    private static let timeoutField = "x-prometheus-scrape-timeout-seconds"
    private static let outcomes = ["ok", "failed", "unmeasured", "refused"]

    private let settings: Settings
    private weak let watch: Watch?
    private let registry: ToolRegistry
    private let running = Locked(0)
    private let counters = Counters(ProbeEndpoint.outcomes.count)

    init(_ settings: Settings, _ watch: Watch) {
        self.settings = settings
        self.watch = watch
        registry = watch.registry
    }

    func answer(_ request: LocalRequest) async -> LocalResponse {
        let isAdmitted = running.withLock { running in
            if running >= settings.mostAtOnce { return false }
            running += 1
            return true
        }
        guard isAdmitted else {
            return refusal("\(settings.mostAtOnce) probes run already (max_concurrent): try again.", status: 503)
        }
        defer { running.withLock { $0 -= 1 } }
        do throws(InvalidInput) { return try await measure(request) } catch {
            return refusal(error.detail, status: 400)
        }
    }

    private func refusal(_ sentence: String, status: Int) -> LocalResponse {
        counters.add(at: 3)
        return .text(sentence, status: status)
    }

    private func measure(_ request: LocalRequest) async throws(InvalidInput) -> LocalResponse {
        guard let target = request.parameter("target"), !target.isEmpty else {
            throw InvalidInput("There is no target: /probe?target=example.com&module=icmp")
        }
        if request.parameter("hostname") != nil {
            throw InvalidInput(
                "hostname is not known here: give the module a Host header or the http tool's resolve_to.")
        }
        let name = request.parameter("module") ?? "http_2xx"
        guard let module = settings.modules[name] else {
            let hint = Nearest.hint(name, among: settings.modules.keys.sorted())
            throw InvalidInput("There is no module \(name.quotedForMessage)\(hint)")
        }
        let probe = try module.prepare(target, registry)
        let limit = min(try scrapeLimit(request), module.timeout ?? Self.longest, Self.longest)
        guard let watch else { return refusal("The node ends.", status: 503) }
        let result = await watch.measure(probe, within: max(limit, Self.shortest))
        return page(result)
    }

    /// - Returns: what Prometheus leaves of its own timeout.
    private func scrapeLimit(_ request: LocalRequest) throws(InvalidInput) -> Duration {
        guard let text = request.fields[Self.timeoutField] else { return Self.longest }
        guard let seconds = Double(text), (0.0...86400).contains(seconds) else {
            throw InvalidInput("\(Self.timeoutField) must be a number of seconds, not \(text.quotedForMessage).")
        }
        return .seconds(fromDouble: seconds) - settings.offset
    }

    /// A result that is no measurement has no page: `probe_success 0` would blame the target for what this node did.
    private func page(_ result: ProbeResult) -> LocalResponse {
        let verdict = CheckResult.Verdict(result.outcome.failure)
        counters.add(at: Self.outcomes.firstIndex(of: verdict.rawValue) ?? 0)
        if let failure = result.outcome.failure, verdict == .unmeasured {
            return .text("\(failure.code.rawValue): \(failure.detail)", status: 503)
        }
        var found = WatchSamples()
        result.addSamples(to: &found)
        var page = Exposition()
        var last: WatchMetric?
        for sample in found.sorted {
            page.add(sample, labels: "", isFirst: sample.metric != last)
            last = sample.metric
        }
        return LocalResponse(contentType: Exposition.contentType, body: Array(page.text.utf8))
    }

    func addCounts(to page: inout Exposition) {
        page.add(
            "probeops_watch_probe_requests_total", .counter, "Requests to /probe, by what came of them.",
            Self.outcomes.enumerated().map { .init(labels: ["verdict": $0.element], value: counters[$0.offset]) })
    }
}
