import ProbeNative

/// What happens to a node, for the program that it runs in.
public enum NodeEvent: Sendable {
    /// An attempt to reach the backend begins.
    case connecting
    /// The backend has accepted the node.
    /// - connectionID: the backend's name for the connection, as it gave it.
    case connected(connectionID: String?)
    /// An attempt failed or a connection ended.
    /// - retry: how long until the next attempt; nil when there will be none.
    case disconnected(SessionRecord.Failure, retry: Duration?)
    /// A job passed validation and admission; it runs or waits for a slot.
    case jobAccepted(requestID: String, tool: String, target: String)
    /// A job was answered: measured, refused or cancelled (`ProbeResult.outcome`).
    case jobFinished(requestID: String, ProbeResult)
    /// Of the node's own checks, where it has a file of them.
    case watch(WatchEvent)
    /// The end was asked for: no new job is taken.
    case stopping
    /// It is over; the last event.
    case stopped
}
