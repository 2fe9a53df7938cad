import Logging
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

    /// Logs that something is served here; as a warning where others than this machine reach it.
    /// - Parameter others: what they may do then.
    func note(_ event: Logger.Message, _ metadata: Logger.Metadata = [:], others: String, in logger: Logger) {
        var metadata = metadata
        metadata["address"] = "\(self)"
        if !isLocal { metadata["reason"] = "\(others)" }
        logger.log(level: isLocal ? .info : .warning, event, metadata: metadata)
    }
}
