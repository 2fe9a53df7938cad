import Logging
import ProbeNative

/// Changes as lines of the node's log, where nothing else shows them.
public final class ChangeLog: WatchOutput {
    private let logger: Logger

    public init(_ logger: Logger) { self.logger = logger }

    public let name = "log"
    public var dropped: Int { 0 }
    public func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {}
    public func finish() async {}

    public func receive(_ event: WatchEvent) {
        guard case .change(let change) = event else { return }
        var metadata: Logger.Metadata = ["check": "\(change.check.id.quotedForMessage)"]
        guard change.isFailing else { return logger.notice("watch.recovered", metadata: metadata) }
        metadata["code"] = "\(change.result.code?.rawValue ?? "none")"
        metadata["reason"] = "\((change.result.result.outcome.failure?.detail ?? "").quotedForMessage)"
        logger.warning("watch.failing", metadata: metadata)
    }
}
