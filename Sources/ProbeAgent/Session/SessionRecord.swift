import ProbeNative

/// What became of a session's connections so far: what status and metrics tell of it. Changed a few times a minute.
public final class SessionRecord: Sendable {
    public struct Failure: Sendable, Hashable {
        /// A published error code, or of `SessionRecord.otherCodes`.
        public var code: String
        public var reason: String
        public var at: WallTime
    }

    public struct State: Sendable, Hashable {
        /// Since when the backend has accepted the node; nil while it is not connected.
        public var connectedSince: Instant?
        /// The backend's name for the connection, as it gave it.
        public var connectionID: String?
        public var attempts = 0
        /// Attempts that were accepted.
        public var connections = 0
        /// Attempts that were not, by why.
        public var failedAttempts: [String: Int] = [:]
        /// Why the last attempt failed, or the last connection ended.
        public var lastFailure: Failure?
        /// When the next attempt begins; nil when none waits.
        public var nextAttempt: Instant?
        public var heartbeats = 0
    }

    /// For endings that no error code is about.
    static let otherCodes = ["authentication_refused", "retry_after", "closed", "server_shutdown", "other"]

    private let state = Locked(State())
    private let events: NodeEvents

    init(_ events: NodeEvents) { self.events = events }

    public var current: State { state.withLock { $0 } }

    func attempting() {
        state.withLock { state in
            state.attempts += 1
            state.nextAttempt = nil
        }
        events.tell(.connecting)
    }

    func connected(id: String?, at now: Instant) {
        state.withLock { state in
            state.connections += 1
            (state.connectedSince, state.connectionID) = (now, id)
        }
        events.tell(.connected(connectionID: id))
    }

    func sentHeartbeat() { state.withLock { $0.heartbeats += 1 } }

    /// - Parameter retry: how long until the next attempt; nil when there will be none.
    func ended(_ ending: SessionHandler.Ending, _ time: any TimeSource, retry: Duration?) {
        let failure = Failure(code: ending.shownCode, reason: ending.reason, at: time.wallTime)
        state.withLock { state in
            if state.connectedSince == nil { state.failedAttempts[ending.shownCode, default: 0] += 1 }
            (state.connectedSince, state.connectionID) = (nil, nil)
            state.lastFailure = failure
            state.nextAttempt = retry.map { time.now + $0 }
        }
        events.tell(.disconnected(failure, retry: retry))
    }
}

extension SessionHandler.Ending {
    /// The error code if there is one, else a word for how it ended.
    var shownCode: String {
        if let code { return code.rawValue }
        switch end {
        case .failed: return "other"
        case .refused: return "authentication_refused"
        case .retryAfter: return "retry_after"
        case .closed: return "closed"
        case .serverShutdown: return "server_shutdown"
        }
    }
}
