import Foundation
import Glibc
import ProbeNative

/// How a process ended.
public enum ExitStatus: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)
}

/// A program that a test started: its output as it comes, its end, and a stop that cannot miss.
///
/// It runs in a process group of its own (programs that fork are stopped whole) and does not outlive
/// the test process. No method blocks the cooperative pool: pipes and the end are
/// waited for on threads of their own.
public final class ChildProcess: Sendable {
    public let pid: pid_t
    public let output = EventLog<String>()
    public let errors = EventLog<String>()
    private let name: String
    private let input: ChildInput
    private let ended = EventLog<ExitStatus>()
    private let isReaped = Locked(false)

    /// - Parameters:
    ///   - executable: absolute path, or a name looked up on PATH.
    ///   - environment: replaces the whole environment when given.
    public static func start(
        _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil
    ) throws -> ChildProcess {
        let environment = environment ?? ProcessInfo.processInfo.environment
        // A worker thread that was started from inside a lab would start programs there (see HomeThread).
        HomeThread.enter()
        let spawned = try Spawn(command: [executable] + arguments, environment: environment)
        ProcessGuard.add(spawned.pid)
        return ChildProcess(spawned, name: (executable as NSString).lastPathComponent)
    }

    /// A command that wrappers were put around, such as `NetworkLab.command`.
    public static func start(_ command: [String], environment: [String: String]? = nil) throws -> ChildProcess {
        guard let executable = command.first else { throw Spawn.Failed(description: "an empty command") }
        return try start(executable, Array(command.dropFirst()), environment: environment)
    }

    private init(_ spawned: Spawn, name: String) {
        self.name = name
        pid = spawned.pid
        input = ChildInput(descriptor: spawned.input)
        Self.readLines(of: spawned.output, into: output)
        Self.readLines(of: spawned.errors, into: errors)
        Self.onThread { [self] in ended.append(reap()) }
    }

    /// Queues one line for the program's standard input.
    public func write(line: String) { input.write(line + "\n") }

    public func closeInput() { input.close() }

    /// To the program itself; `stop` reaches its children too.
    public func send(signal: Int32) { deliver(signal, to: pid) }

    /// Waits for the end; may be asked any number of times.
    public func exit(within limit: Duration = .seconds(30)) async throws -> ExitStatus {
        try await ended.peek("end of \(name)", within: limit)
    }

    /// Asks by `signal`, kills after `patience`, and returns once the process is reaped.
    @discardableResult
    public func stop(signal: Int32 = SIGTERM, patience: Duration = .seconds(5)) async -> ExitStatus {
        input.close()
        // A task of its own, because a cancelled test must stop its processes all the same.
        return await Task { [self] in
            deliver(signal, to: -pid)
            if let status = try? await exit(within: patience) { return status }
            deliver(SIGKILL, to: -pid)
            return (try? await exit(within: .seconds(30))) ?? .signal(SIGKILL)
        }.value
    }

    /// Never to a number that may belong to somebody else by now.
    private func deliver(_ signal: Int32, to target: pid_t) {
        isReaped.withLock { if !$0 { _ = kill(target, signal) } }
    }

    /// Blocks until the program ends. What it started and left behind goes with it, killed while
    /// its number is still held by the unreaped process.
    private func reap() -> ExitStatus {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        _ = kill(-pid, SIGKILL)
        ProcessGuard.drop(pid)
        return isReaped.withLock { isReaped in
            isReaped = true
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            let signal = status & 0x7f
            return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
        }
    }

    private static func readLines(of descriptor: Int32, into log: EventLog<String>) {
        onThread {
            guard let file = fdopen(descriptor, "r") else { return log.finish() }
            var buffer: UnsafeMutablePointer<CChar>?
            var capacity = 0
            while true {
                let length = getline(&buffer, &capacity, file)
                guard length > 0, let buffer else { break }
                let bytes = UnsafeRawBufferPointer(start: buffer, count: length)
                let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
                log.append(String(decoding: text, as: UTF8.self))
            }
            free(buffer)
            fclose(file)
            log.finish()
        }
    }

    private static func onThread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 << 10
        thread.start()
    }
}
