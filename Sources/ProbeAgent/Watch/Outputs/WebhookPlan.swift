import ProbeNative

/// `webhook: {url: https://example.com/alerts, header_file: webhook.header}`.
struct WebhookPlan: WatchOutputPlan {
    static let kind = "webhook"

    let delivery: DeliveryPlan

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        delivery = try DeliveryPlan(Self.kind, &settings)
    }

    var folders: [String] { [] }

    func open() throws(ConfigurationError) -> any WatchOutput {
        WebhookOutput(try delivery.open(to: delivery.url))
    }
}
