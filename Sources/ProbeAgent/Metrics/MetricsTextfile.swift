import Logging
import ProbeMetrics
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a file of the node's metrics for the textfile collector of Prometheus's node_exporter, by a thread of its own.
/// The file is replaced as a whole (rename(2)), and removed at the end: what it says is true of a running node only.
public final class MetricsTextfile: Sendable {
    private let path: String
    private let interval: Duration
    private let logger: Logger
    private let page: @Sendable () -> Exposition
    private let bell: ProbeNative.Semaphore
    private let end: ProbeNative.Semaphore

    /// - Throws: one sentence when the process has no descriptor left.
    public init(
        path: String, every interval: Duration = .seconds(15), logger: Logger,
        page: @escaping @Sendable () -> Exposition
    ) throws(ConfigurationError) {
        self.path = path
        self.interval = interval
        self.logger = logger
        self.page = page
        do throws(Errno) { (bell, end) = (try ProbeNative.Semaphore(), try ProbeNative.Semaphore()) } catch {
            throw ConfigurationError("The metrics file needs two descriptors more: \(error).")
        }
    }

    /// - Throws: one sentence when the kernel gives no thread.
    public func start() throws(ConfigurationError) {
        guard ReactorThread.start(name: "metrics-file", { [self] in run() }) else {
            throw ConfigurationError("The metrics file needs a thread, and the kernel gives none.")
        }
    }

    /// Ends the thread and removes the file; waits at most two seconds for a folder that hangs.
    public func finish() {
        bell.signal()
        _ = end.wait(atMost: .seconds(2))
    }

    private func run() {
        var complaints = LogLimit(every: .seconds(600))
        repeat {
            do throws(Errno) { try write(Array(page().text.utf8)) } catch {
                if complaints.admit(at: SystemTime().now) != nil {
                    logger.warning("metrics.file_failed", metadata: ["file": "\(path)", "reason": "\(error)"])
                }
            }
        } while !bell.wait(atMost: interval)
        unlink(path)
        end.signal()
    }

    /// Readable by all, because node_exporter is another user; nothing in it is secret.
    private func write(_ bytes: [UInt8]) throws(Errno) {
        let temporary = path + ".tmp"
        let number = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        let file = FileDescriptor(owning: number)
        guard fchmod(file.number, 0o644) == 0 else { throw Errno(rawValue: errno) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file.number, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Errno(rawValue: errno) }
            done += count
        }
        guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    }
}
