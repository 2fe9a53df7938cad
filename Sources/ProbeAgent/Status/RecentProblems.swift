import DequeModule
import Logging
import ProbeNative

/// The last warnings and errors of the log, for who asks the node. The same one again counts and takes no place.
public final class RecentProblems: Sendable {
    static let capacity = 16

    public struct Problem: Report {
        public var event: String
        public var reason: String?
        public var code: String?
        public var isError: Bool
        /// When it was last logged, and how often it has been.
        public var at: WallTime
        public var count: Int

        public func write(to writer: inout some ReportWriter) {
            writer.field("time", .time(at))
            writer.field("level", isError ? "error" : "warning")
            writer.field("event", event)
            writer.field("reason", reason)
            writer.field("error_code", code)
            writer.field("count", count)
        }
    }

    private let problems = Locked(Deque<Problem>())
    private let time: any TimeSource

    public init(time: any TimeSource = SystemTime()) { self.time = time }

    /// The latest last.
    public var all: [Problem] { problems.withLock { Array($0) } }

    func note(_ event: LogEvent) {
        // Start-up's warnings have a list of their own.
        guard event.level >= .warning, event.message != "agent.warning" else { return }
        var problem = Problem(
            event: "\(event.message)", reason: event.metadata?["reason"].map { "\($0)" },
            code: event.metadata?["error_code"].map { "\($0)" }, isError: event.level >= .error, at: time.wallTime,
            count: 1)
        problems.withLock { problems in
            if let index = problems.firstIndex(where: { $0.event == problem.event && $0.reason == problem.reason }) {
                problem.count += problems.remove(at: index).count
            }
            problems.append(problem)
            if problems.count > Self.capacity { problems.removeFirst() }
        }
    }
}
