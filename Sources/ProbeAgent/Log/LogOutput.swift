import Logging
import ProbeNative
import Synchronization

/// Where the process's log goes: one line an event, to a descriptor, by a thread of its own.
///
/// All loggers on it share one level, so that it can be changed while the node runs.
public final class LogOutput: Sendable {
    private static let levels = Logger.Level.allCases

    private let format: LogFormat
    private let time: any TimeSource
    private let writer: LineWriter
    private let levelIndex: Atomic<Int>

    /// - Parameters:
    ///   - descriptor: stays the caller's; usually standard error.
    ///   - time: its wall clock stamps the lines.
    /// - Throws: one sentence when the process has no descriptor left.
    public init(
        descriptor: Int32, format: LogFormat, level: Logger.Level, time: any TimeSource = SystemTime()
    ) throws(ConfigurationError) {
        self.format = format
        self.time = time
        levelIndex = Atomic(Self.levels.firstIndex(of: level) ?? 0)
        do throws(Errno) { writer = try LineWriter(to: LineFile(borrowing: descriptor)) } catch {
            throw ConfigurationError("The log needs two descriptors more: \(error).")
        }
    }

    /// Least severity that is written.
    public var level: Logger.Level {
        get { Self.levels[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(Self.levels.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
    }

    /// Lines that were not written, because nothing took them or too slowly.
    public var lost: Int { writer.lost }

    /// Begins to write; once, after start-up.
    /// - Throws: one sentence when the kernel gives no thread.
    public func start() throws(ConfigurationError) {
        do throws(Errno) { try writer.start(threadName: "log") } catch {
            throw ConfigurationError("The log needs a thread, and the kernel gives none.")
        }
    }

    /// Returns once everything logged was given to the kernel, or after two seconds: a reader that stands still must not
    /// keep a process from ending. Nothing may be logged any more.
    public func finish() { writer.finish(within: .seconds(2)) }

    func write(_ level: Logger.Level, _ event: String, _ metadata: Logger.Metadata) {
        var fields = [("time", time.wallTime.iso8601), ("level", level.rawValue), ("event", event)]
        fields.reserveCapacity(3 + metadata.count)
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            // What comes first is the log's own.
            let isTaken = name == "time" || name == "level" || name == "event"
            fields.append((isTaken ? name + "_" : name, "\(value)"))
        }
        writer.append(format.line(fields))
    }
}
