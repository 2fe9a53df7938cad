import ProbeNative

/// `otlp: {url: http://collector:4318, header_file: otlp.header, interval: 30s}`.
struct OTLPPlan: WatchOutputPlan {
    static let kind = "otlp"
    /// Of OTLP/HTTP, below the URL of a collector.
    private static let path = "/v1/metrics"

    let delivery: DeliveryPlan
    let interval: Duration

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        delivery = try DeliveryPlan(Self.kind, &settings)
        interval = try settings.read("interval", .duration(.seconds(1)...(.seconds(3600)))) ?? .seconds(30)
    }

    var folders: [String] { [] }

    func open() throws(ConfigurationError) -> any WatchOutput {
        var url = delivery.url
        if !url.hasSuffix(Self.path) { url = (url.hasSuffix("/") ? String(url.dropLast()) : url) + Self.path }
        return OTLPOutput(try delivery.open(to: url), every: interval)
    }
}
