import Logging

/// In front of the handler that writes: remembers warnings and errors.
public struct ProblemLogHandler: LogHandler {
    private var base: any LogHandler
    private let problems: RecentProblems

    public init(_ base: any LogHandler, problems: RecentProblems) {
        self.base = base
        self.problems = problems
    }

    public var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }
    public var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }
    public var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        problems.note(event)
        base.log(event: event)
    }
}
