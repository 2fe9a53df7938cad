import ProbeNative
import ProbeProtocol

#if canImport(Glibc)
    import Glibc
#endif

/// One line of JSON for each job that was answered, for the node's owner: what was asked, what address was used, and what
/// came of it. Written by a thread of its own, so that no job waits for a disk.
public final class AuditLog: Sendable {
    /// What may wait for the disk; lines beyond it are lost and counted.
    static let mostWaiting = 8 << 20

    private struct State {
        var waiting: [UInt8] = []
        var lost = 0
        var isEnding = false
        var ended: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false
    }

    private let state = Locked(State())
    private let file: FileDescriptor
    private let bell: ProbeNative.Semaphore

    /// Opens the file for appending; made with mode 0600 if it is missing. Before start-up gives privileges away.
    /// - Throws: one sentence that names the file.
    public init(path: String) throws(ConfigurationError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationError("The audit log \(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        file = FileDescriptor(owning: descriptor)
        do throws(Errno) { bell = try ProbeNative.Semaphore() } catch {
            throw ConfigurationError("The audit log needs a descriptor more: \(error).")
        }
    }

    /// Lines that did not get into the file, because it took none or too slowly.
    public var lost: Int { state.withLock(\.lost) }

    /// Begins to write; once, after start-up.
    /// - Throws: one sentence when the kernel gives no thread.
    public func start() throws(ConfigurationError) {
        guard ReactorThread.start(name: "audit-log", { [self] in run() }) else {
            throw ConfigurationError("The audit log needs a thread, and the kernel gives none.")
        }
    }

    func record(_ requestID: String, _ result: ProbeResult) {
        let line = JSONWriter.object(AuditLine(requestID: requestID, result: result)) + [UInt8(ascii: "\n")]
        let isFirst = state.withLock { state in
            guard state.waiting.count + line.count <= Self.mostWaiting else {
                state.lost += 1
                return false
            }
            defer { state.waiting += line }
            return state.waiting.isEmpty
        }
        if isFirst { bell.signal() }
    }

    /// Returns once everything recorded was given to the kernel. Nothing may be recorded any more.
    public func finish() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.isEnding = true
                if !state.hasEnded { state.ended.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() } else { bell.signal() }
        }
    }

    private func run() {
        // The file's last line has no end: a disk took only a part of it.
        var isTorn = false
        while true {
            bell.wait()
            let (lines, isEnding) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isEnding)
            }
            let unwritten = write(lines, isTorn: &isTorn)
            if unwritten > 0 { state.withLock { $0.lost += unwritten } }
            guard isEnding else { continue }
            let waiters = state.withLock { state in
                state.hasEnded = true
                defer { state.ended = [] }
                return state.ended
            }
            for waiter in waiters { waiter.resume() }
            return
        }
    }

    /// Returns how many lines did not get into the file whole.
    private func write(_ lines: [UInt8], isTorn: inout Bool) -> Int {
        let end = UInt8(ascii: "\n")
        let bytes = (isTorn && !lines.isEmpty ? [end] : []) + lines
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file.number, $0.baseAddress?.advanced(by: done), $0.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            done += count
        }
        if done > 0 { isTorn = bytes[done - 1] != end }
        return lines.suffix(bytes.count - done).count { $0 == end }
    }
}

/// One job in the audit log.
struct AuditLine: Report {
    var requestID: String
    var result: ProbeResult

    /// Of the policy; `refused` for a job that never came before it (unknown tool, bad parameters, a full queue).
    private var verdict: String {
        switch result.outcome.failure?.stage {
        case .policy: "denied"
        case .queue: "refused"
        default: "allowed"
        }
    }

    func write(to writer: inout some ReportWriter) {
        let failure = result.outcome.failure
        writer.field("time", .time(result.finishedAt))
        writer.field("request_id", requestID)
        writer.field("tool", result.tool)
        writer.field("target", result.target)
        writer.field("address", result.outcome.resolvedAddress?.description)
        writer.field("verdict", verdict)
        writer.field("code", failure?.code.rawValue)
        // Names the rule or the limit; of other failures the result itself tells.
        writer.field("reason", failure?.stage == .policy ? failure?.detail : nil)
        writer.field("run_ms", result.run.inMilliseconds)
    }
}
