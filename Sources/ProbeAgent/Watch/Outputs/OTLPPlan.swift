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
        OTLPOutput(try delivery.open(to: Self.endpoint(delivery.url)), every: interval)
    }

    /// The path goes before a query, which some collectors take a key by.
    static func endpoint(_ url: String) -> String {
        let scalars = url.unicodeScalars
        let end = scalars.firstIndex { $0 == "?" || $0 == "#" } ?? scalars.endIndex
        var base = String(scalars[..<end])
        if !base.hasSuffix(path) { base = (base.hasSuffix("/") ? String(base.dropLast()) : base) + path }
        return base + String(scalars[end...])
    }
}
