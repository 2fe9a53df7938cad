import ProbeNative
import ProbeProtocol

#if canImport(Glibc)
    import Glibc
#endif

/// One line of JSON for each job that was answered, for the node's owner: what was asked, what address was used, and what
/// came of it. Written by a thread of its own, so that no job waits for a disk.
public final class AuditLog: Sendable {
    private let writer: LineWriter

    /// Opens the file for appending; made with mode 0600 if it is missing. Before start-up gives privileges away.
    /// - Throws: one sentence that names the file.
    public init(path: String) throws(ConfigurationError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationError("The audit log \(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        let file = LineFile(owning: FileDescriptor(owning: descriptor))
        do throws(Errno) { writer = try LineWriter(to: file) } catch {
            throw ConfigurationError("The audit log needs two descriptors more: \(error).")
        }
    }

    /// Lines that did not get into the file, because it took none or too slowly.
    public var lost: Int { writer.lost }

    /// Begins to write; once, after start-up.
    /// - Throws: one sentence when the kernel gives no thread.
    public func start() throws(ConfigurationError) {
        do throws(Errno) { try writer.start(threadName: "audit-log") } catch {
            throw ConfigurationError("The audit log needs a thread, and the kernel gives none.")
        }
    }

    func record(_ requestID: String, _ result: ProbeResult) {
        writer.append(JSONWriter.object(AuditLine(requestID: requestID, result: result)) + [UInt8(ascii: "\n")])
    }

    /// Returns once everything recorded was given to the kernel. Nothing may be recorded any more.
    public func finish() async { await writer.finish() }
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
