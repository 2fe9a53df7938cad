import Foundation

/// A program under strace, to see whether it ever starts a process.
///
/// The tracer is detached (`-DD`), so that `process` is the program: its pid, its signals, its end.
public final class ProcessTrace: Sendable {
    public struct Report: Sendable {
        /// fork, vfork, and clone or clone3 without CLONE_THREAD: the lines of strace.
        public var processes: [String] = []
        /// execve and execveat, after the one that started the program.
        public var programs: [String] = []
        /// clone or clone3 with CLONE_THREAD: shows that something was seen at all.
        public var threads = 0
    }

    public let process: ChildProcess
    private let folder: TemporaryFolder
    private var file: String { folder.file("trace") }

    /// - Parameter command: may begin with wrappers that exec (setpriv, nsenter): `wrapperExecs` of
    ///   them are not counted as programs.
    public init(_ command: [String], environment: [String: String]? = nil, wrapperExecs: Int = 0) throws {
        folder = try TemporaryFolder("probe-trace")
        self.wrapperExecs = wrapperExecs
        let strace = ["strace", "-f", "-DD", "-e", "trace=process", "-e", "signal=none", "-o", folder.file("trace")]
        process = try ChildProcess.start(strace + command, environment: environment)
    }

    private let wrapperExecs: Int

    /// Once the program has ended and the tracer has written all it saw.
    public func report(within limit: Duration = .seconds(30)) async throws -> Report {
        _ = try await process.exit(within: limit)
        let end = "^\(process.pid) +\\+\\+\\+ (exited|killed)"
        let isWritten = "until grep -qE '\(end)' '\(file)'; do sleep 0.01; done"
        _ = try await Oracle.run("sh", ["-c", isWritten], within: .seconds(10))
        let text = try String(contentsOfFile: file, encoding: .utf8)
        return Self.report(text.split(separator: "\n").map(String.init), expectedExecs: 1 + wrapperExecs)
    }

    static func report(_ lines: [String], expectedExecs: Int) -> Report {
        var report = Report()
        var execs = 0
        // "123 clone3({flags=...} <unfinished ...>"; "<... clone3 resumed>" is the same call again.
        for line in lines where !line.contains("resumed>") {
            let call = line.drop { $0.isNumber || $0 == " " }
            if call.hasPrefix("execve") {
                // A failed try along PATH starts nothing.
                if line.contains("= -1 ") { continue }
                execs += 1
                if execs > expectedExecs { report.programs.append(line) }
            } else if call.hasPrefix("fork(") || call.hasPrefix("vfork(") {
                report.processes.append(line)
            } else if call.hasPrefix("clone(") || call.hasPrefix("clone3(") {
                if call.contains("CLONE_THREAD") { report.threads += 1 } else { report.processes.append(line) }
            }
        }
        return report
    }
}
