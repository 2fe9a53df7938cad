import Logging
import ProbeNative
import ProbeProtocol

#if canImport(Glibc)
    import Glibc
#endif

/// Events as lines of some kind, into a file or onto standard output.
public final class LineOutput: WatchOutput {
    public let name: String
    private let render: @Sendable (WatchEvent) -> [UInt8]?
    private let lines: LineWriter

    /// - Parameter render: a line without its end; nil for what has none.
    init(
        _ name: String, to destination: any LineDestination, render: @escaping @Sendable (WatchEvent) -> [UInt8]?
    ) throws(Errno) {
        self.name = name
        self.render = render
        lines = try LineWriter(to: destination)
    }

    /// - Throws: EMFILE and the like.
    public static func standardOutput(render: @escaping @Sendable (WatchEvent) -> [UInt8]?) throws(Errno) -> LineOutput
    {
        // A copy, since what is owned is closed.
        let copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw Errno(rawValue: errno) }
        return try LineOutput("standard output", to: LineFile(owning: FileDescriptor(owning: copy)), render: render)
    }

    /// Results and changes as objects of JSON.
    public static func json(_ event: WatchEvent) -> [UInt8]? {
        switch event {
        case .checks: nil
        case .result(let result): JSONWriter.object(result)
        case .change(let change): JSONWriter.object(change)
        }
    }

    public func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        do throws(Errno) { try lines.start(threadName: "watch-output") } catch {
            throw ConfigurationError("\(name) needs a thread, and the kernel gives none.")
        }
    }

    public func receive(_ event: WatchEvent) {
        if let line = render(event) { lines.append(line + [UInt8(ascii: "\n")]) }
    }
    public var dropped: Int { lines.lost }
    public func finish() async { await lines.finish() }
}
