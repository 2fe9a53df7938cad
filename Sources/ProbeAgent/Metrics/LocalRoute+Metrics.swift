import ProbeMetrics
import ProbeNative

extension LocalRoute {
    /// `GET /metrics`.
    public static func metrics(_ metrics: NodeMetrics) -> LocalRoute {
        LocalRoute("GET", "/metrics") { _ in
            LocalResponse(contentType: Exposition.contentType, body: Array(metrics.exposition.text.utf8))
        }
    }
}

extension LocalAddress {
    /// A socket's path.
    var file: String? { if case .unix(let path) = self { path } else { nil } }

    /// Only this machine reaches it.
    public var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let address): address.address.isLoopback
        }
    }
}
