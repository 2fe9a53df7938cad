import ProbeNative

/// What a node did since it started, for heartbeats.
public struct DispatchCounts: Sendable, Hashable {
    /// Jobs that were measured, whatever the target did.
    public var executed = 0
    /// Jobs that the node refused for want of room, by policy, or for bad input.
    public var rejected = 0
    /// Jobs that were refused without an answer, because the backend takes none: of `rejected`.
    public var unanswered = 0
    /// Jobs that failed inside the node.
    public var errors = 0
    public var queued = 0
    public var inFlight = 0
    public var isDraining = false
    /// The limits that hold now.
    public var maxConcurrent = 0
    public var queueLimit = 0

    /// The codes of `rejected`.
    static let rejections: [ErrorCode] = [
        .queueFull, .policyDenied, .rateLimited, .invalidParameters, .unknownTool, .unsupported, .shuttingDown,
    ]

    mutating func count(_ result: ProbeResult) {
        switch result.outcome.failure?.code {
        case .internalError, .localResourceExhausted: errors += 1
        case .queueFull, .policyDenied, .rateLimited, .invalidParameters, .unknownTool, .unsupported, .shuttingDown:
            rejected += 1
        default: executed += 1
        }
    }
}
