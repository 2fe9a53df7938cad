import ProbeNative
import ProbeProtocol

/// Where a session's messages go. Called on the connection's event loop, in order.
public protocol SessionSink: Sendable {
    func connected(_ accepted: AuthenticationAccepted)
    func received(_ job: JobMessage, at now: Instant)
    func cancel(requestID: String)
    func disconnected()
}

/// Where a session's results come from. The session pulls; nobody pushes frames into it.
public protocol ResultSource: Sendable {
    /// A connection begins: everything unsettled goes first again, oldest first. `wake` is called, from any thread, when
    /// there may be something to pull.
    func open(_ wake: @escaping @Sendable () -> Void)
    func close()
    /// The next entries for this connection: at most `bytes` in all, but at least one where there is any.
    func pull(atMost bytes: Int) -> [OutboundEntry]
    func settle(requestID: String)
    func settle(through sequence: UInt64)
    func shrinkLargestUnsettled()
    var hasUnsettled: Bool { get }
    /// So much is unsettled that the session should not ask for more work.
    var isCongested: Bool { get }
    /// Returns when nothing is unsettled, or with the task's cancellation.
    func emptied() async
}

/// What the node says of itself.
public protocol HeartbeatSource: Sendable {
    /// An encoded heartbeat frame.
    func heartbeat(clockOffset: Duration?) -> [UInt8]
}
