import Logging

/// A swift-log handler that writes to a `LogOutput`.
public struct LineLogHandler: LogHandler {
    private let output: LogOutput
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    public init(_ output: LogOutput) { self.output = output }

    /// The output's, which all loggers share.
    public var logLevel: Logger.Level {
        get { output.level }
        nonmutating set { output.level = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        if let own = event.metadata { all.merge(own) { $1 } }
        output.write(event.level, event.message.description, all)
    }
}
