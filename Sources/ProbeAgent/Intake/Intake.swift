import ProbeNative
import ProbeProtocol

/// A job that may run: its tool is known, its target and parameters are typed, its deadline is absolute.
public struct ValidatedJob: Sendable {
    public var requestID: String
    public var probe: PreparedProbe
    /// Higher is more urgent.
    public var priority: Int
    public var receivedAt: Instant
    public var deadline: Instant
    public var wantsProgress: Bool
    /// Bytes of its message: what it may hold of memory.
    public var size: Int
    /// Slots that it holds while it runs.
    public var slots = 1
}

/// Turns messages into jobs through the registry. What does not fit becomes a failure, to be answered like a result.
public struct Intake: Sendable {
    /// Names seen in the field, accepted here and nowhere else.
    static let aliases = [
        "curl": "http", "nmap": "port_check", "rdns": "reverse_dns", "trace": "traceroute", "dns_lookup": "dns",
    ]
    /// Seconds (docs/wire-protocol.md).
    static let timeouts = 0.1...600.0

    public var registry: ToolRegistry

    public init(registry: ToolRegistry) { self.registry = registry }

    public func validate(_ message: JobMessage, at now: Instant) throws(ProbeFailure) -> ValidatedJob {
        do throws(InvalidInput) {
            return try check(message, now)
        } catch {
            throw error.failure
        }
    }

    private func check(_ message: JobMessage, _ now: Instant) throws(InvalidInput) -> ValidatedJob {
        if let problem = message.problem { throw InvalidInput(problem) }
        guard let tool = registry[Self.aliases[message.tool] ?? message.tool] else {
            let known = registry.tools.map(\.name).joined(separator: ", ")
            throw InvalidInput(
                "This node has no tool \(message.tool.quotedForMessage); it has: \(known).", code: .unknownTool)
        }
        if let timeout = message.timeout, !Self.timeouts.contains(timeout) {
            throw InvalidInput("timeout must be from 0.1 to 600 seconds, not \(timeout).")
        }
        let probe = try tool.prepare(target: message.target, parameters: message.parameters)
        let timeout = message.timeout.map { Duration.seconds(fromDouble: $0) } ?? probe.defaultTimeout
        return ValidatedJob(
            requestID: message.requestID, probe: probe, priority: message.priority, receivedAt: now,
            deadline: now + min(timeout, .seconds(fromDouble: Self.timeouts.upperBound)),
            wantsProgress: message.wantsProgress, size: message.size)
    }
}
