import Logging
import ProbeNative
import ProbeProtocol

/// `backend: {}`: the node's own results go where its jobs' answers go, by the same outbox.
struct BackendPlan: WatchOutputPlan {
    static let kind = "backend"

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {}

    var folders: [String] { [] }

    func open() throws(ConfigurationError) -> any WatchOutput { BackendOutput() }
}

/// Puts results of checks into the outbox of the node that they run beside. A backend that does not say that it takes them
/// (docs/wire-protocol.md, "Results of checks") is sent none.
final class BackendOutput: WatchOutput {
    private struct State {
        var node: (sink: any ResultSink, takesResults: @Sendable () -> Bool, maxBytes: Int)?
        var sent = 0
        var dropped = 0
        var complaints = LogLimit(every: .seconds(600))
        var logger: Logger?
        var time: (any TimeSource)?
    }

    let name = "backend"
    private let state = Locked(State())
    /// Unlike any other process's: the backend knows a result by it.
    private let prefix = "check-" + String(UInt64.random(in: .min ... .max), radix: 16) + "-"

    /// - Parameter takesResults: the backend of the last connection does.
    func attach(_ sink: any ResultSink, maxBytes: Int, takesResults: @escaping @Sendable () -> Bool) {
        state.withLock { $0.node = (sink, takesResults, maxBytes) }
    }

    func start(_ watch: Watch, _ logger: Logger) throws(ConfigurationError) {
        let isAlone = state.withLock { state in
            (state.logger, state.time) = (logger, watch.time)
            return state.node == nil
        }
        if isAlone { logger.warning("watch.no_backend", metadata: ["reason": "only a node (run --watch) has one"]) }
    }

    func receive(_ event: WatchEvent) {
        guard case .result(let told) = event else { return }
        let (requestID, node) = state.withLock { state in
            state.sent += 1
            return (prefix + "\(state.sent)", state.node)
        }
        // Which `start` has said.
        guard let node else { return state.withLock { $0.dropped += 1 } }
        guard node.takesResults() else { return drop("the backend has not said that it takes results of checks") }
        guard !node.sink.isCongested else { return drop("too many results wait for the backend") }
        let message = JobResult(requestID: requestID, result: told.result, check: CheckNote(result: told))
        node.sink.append(requestID: requestID, message.encoded(limit: node.maxBytes))
    }

    private func drop(_ reason: String) {
        let (logger, suppressed) = state.withLock { state in
            state.dropped += 1
            return (state.logger, state.time.flatMap { state.complaints.admit(at: $0.now) })
        }
        guard let logger, let suppressed else { return }
        logger.warning("watch.not_sent", metadata: ["reason": "\(reason)", "suppressed": "\(suppressed)"])
    }

    var dropped: Int { state.withLock(\.dropped) }

    /// The outbox is the node's to empty.
    func finish() async {}
}

/// What a backend is told of the check beside its result.
private struct CheckNote: Report {
    var result: CheckResult

    func write(to writer: inout some ReportWriter) {
        writer.field("id", result.check.id)
        result.check.writeGrouping(to: &writer)
        writer.field("state", result.state.condition.rawValue)
        writer.field("every_ms", result.check.timing.every)
    }
}
