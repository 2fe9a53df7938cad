import ProbeNative
import ProbeProtocol

/// The rules of one connection, without its bytes: events in, actions out; no I/O, clock or lock inside.
struct SessionMachine {
    static let authenticationLimit = Duration.seconds(10)
    /// Beyond this the backend's clock and ours differ enough to warn about.
    static let clockWarning = Duration.seconds(5)

    enum Action: Hashable {
        case sendAuthentication
        case sendHeartbeat
        /// A WebSocket ping; its payload comes back in the pong.
        case sendPing(UInt64)
        case sendPong
        case warn(String)
        /// Give this to the rest of the node.
        case connected
        case settle(requestID: String)
        case settleThrough(UInt64)
        case startPulling
        case end(ConnectionEnd, reason: String)
    }

    private enum Phase {
        case opening
        case authenticating(until: Instant)
        case active
        case ended
    }

    private let heartbeat: Duration
    private let pingInterval: Duration
    /// No frame at all for so long means that the connection is dead.
    private let silenceLimit: Duration
    private var phase = Phase.opening
    private var lastFrame: Instant
    private var nextHeartbeat = Instant.distantFuture
    private var nextPing = Instant.distantFuture
    private var lastPing: UInt64 = 0
    /// Pings under way, and the last entry that was written before each.
    private var pings: [(payload: UInt64, sequence: UInt64)] = []
    private var lastSent: UInt64 = 0
    private var lastPinged: UInt64 = 0
    private var isServerGoing = false
    /// What `server_shutdown` said of when to come back.
    private var reconnectAt: Instant?

    /// True once the server has acknowledged a result by `result_received`: from then on only that settles one.
    private(set) var serverAcknowledges: Bool
    private(set) var authenticatedAt: Instant?
    private(set) var clockOffset: Duration?

    init(heartbeat: Duration, serverAcknowledges: Bool, at now: Instant) {
        self.heartbeat = heartbeat
        pingInterval = min(heartbeat, .seconds(20))
        silenceLimit = min(heartbeat * 3, .seconds(60))
        self.serverAcknowledges = serverAcknowledges
        lastFrame = now
    }

    var isActive: Bool { if case .active = phase { true } else { false } }

    /// When `tick` is wanted next.
    var nextDeadline: Instant? {
        switch phase {
        case .opening, .ended: nil
        case .authenticating(let until): until
        case .active: min(nextHeartbeat, nextPing, lastFrame + silenceLimit, reconnectAt ?? .distantFuture)
        }
    }

    // MARK: Events

    /// The WebSocket is open: the node speaks first.
    mutating func opened(at now: Instant) -> [Action] {
        phase = .authenticating(until: now + Self.authenticationLimit)
        lastFrame = now
        return [.sendAuthentication]
    }

    /// Any frame, whatever is in it, once it was dealt with: a node that is held up by one does not listen meanwhile, and
    /// must not take that for silence. (Bytes that make no frame are no sign of life: nothing would get through.)
    mutating func dealtWithFrame(at now: Instant) { lastFrame = now }

    mutating func tick(at now: Instant) -> [Action] {
        switch phase {
        case .opening, .ended: return []
        case .authenticating(let until):
            guard now >= until else { return [] }
            return end(.failed, "The backend did not answer the authentication within 10 s.")
        case .active:
            if now >= lastFrame + silenceLimit {
                return end(.failed, "Nothing came from the backend for \(silenceLimit): the connection is dead.")
            }
            if let reconnectAt, now >= reconnectAt {
                return end(.serverShutdown(.zero), "The backend is shutting down.")
            }
            var actions: [Action] = []
            if now >= nextHeartbeat {
                actions.append(.sendHeartbeat)
                nextHeartbeat = now + heartbeat
            }
            if now >= nextPing {
                actions.append(ping())
                nextPing = now + pingInterval
            }
            return actions
        }
    }

    /// A message that the session itself deals with; jobs and cancellations are not its business.
    mutating func received(_ message: InboundMessage, at now: Instant, wall: WallTime) -> [Action] {
        switch (phase, message) {
        case (.authenticating, .accepted(let accepted)):
            phase = .active
            authenticatedAt = now
            nextHeartbeat = now + heartbeat
            nextPing = now + pingInterval
            return noteClock(accepted.serverTime, wall) + [.connected, .sendHeartbeat, .startPulling]
        case (.authenticating, .refused(let message, let details)):
            // A server may say back what it was sent: only the message goes into the log, and bounded.
            let text = message.quotedForMessage + (details == nil ? "" : " (with details that are not shown)")
            return end(.refused, "The backend refused the authentication: \(text). \(Self.advice(message))")
        case (.active, .refused(let message, _)), (_, .error(let message)):
            return [.warn("The backend reports: \(message.quotedForMessage).")]
        case (.active, .heartbeatAck(let serverTime)): return noteClock(serverTime, wall)
        case (.active, .resultReceived(let requestID)):
            serverAcknowledges = true
            return [.settle(requestID: requestID)]
        case (.active, .unknownJob(let requestID)):
            return [
                .warn("The backend does not know the job \(requestID.quotedForMessage)."),
                .settle(requestID: requestID),
            ]
        case (_, .ping): return [.sendPong]
        case (.active, .serverShutdown(let wish)):
            // What runs goes on, and its results go out for as long as the server keeps the connection.
            isServerGoing = true
            reconnectAt = wish.map { now + $0 }
            return [.warn("The backend announces that it is shutting down.")]
        default: return []
        }
    }

    /// Entries up to this one were written.
    mutating func sent(through sequence: UInt64) { lastSent = max(lastSent, sequence) }

    /// A ping out of turn if its pong would settle something: for a node that stops and would not wait for the next.
    mutating func settlingPing() -> [Action] {
        isActive && !serverAcknowledges && lastSent > lastPinged ? [ping()] : []
    }

    mutating func ping() -> Action {
        lastPing += 1
        lastPinged = lastSent
        pings.append((lastPing, lastSent))
        if pings.count > 64 { pings.removeFirst() }
        return .sendPing(lastPing)
    }

    mutating func receivedPong(_ payload: UInt64) -> [Action] {
        guard let index = pings.firstIndex(where: { $0.payload == payload }) else { return [] }
        let sequence = pings[index].sequence
        pings.removeFirst(index + 1)
        return isActive && !serverAcknowledges && sequence > 0 ? [.settleThrough(sequence)] : []
    }

    /// The other side ended the connection.
    /// - Parameter code: of its close frame; nil when there was none.
    mutating func closed(code: UInt16?, reason: String, at now: Instant) -> [Action] {
        let said = reason.isEmpty ? "" : " (\(reason.quotedForMessage))"
        let sentence =
            switch code {
            case nil: "The connection to the backend was lost."
            case 4001?: "Another node has connected with this node's UUID\(said): only one may use it."
            case let code?: "The backend closed the connection with code \(code)\(said)."
            }
        if isServerGoing, code != 4001 {
            return end(.serverShutdown(reconnectAt.map { max(.zero, $0 - now) }), sentence)
        }
        return end(code.map(ConnectionEnd.closed) ?? .failed, sentence)
    }

    mutating func failed(_ reason: String) -> [Action] { end(.failed, reason) }

    private mutating func end(_ how: ConnectionEnd, _ reason: String) -> [Action] {
        if case .ended = phase { return [] }
        phase = .ended
        return [.end(how, reason: reason)]
    }

    private mutating func noteClock(_ serverTime: String?, _ wall: WallTime) -> [Action] {
        guard let serverTime, let server = WallTime(iso8601: serverTime) else { return [] }
        let wasOff = clockOffset.map { abs($0) > Self.clockWarning } ?? false
        let offset = Duration.nanoseconds(server.nanoseconds - wall.nanoseconds)
        clockOffset = offset
        guard abs(offset) > Self.clockWarning, !wasOff else { return [] }
        let direction = offset < .zero ? "ahead of" : "behind"
        let seconds = abs(offset).components.seconds
        return [.warn("This machine's clock is \(seconds) s \(direction) the backend's: check its time service.")]
    }

    private static func advice(_ message: String) -> String {
        switch message {
        case "Authentication failed": "Check the node's UUID and API key."
        case "Node already connected":
            "The backend still holds an earlier connection; it lets go of a dead one within a minute."
        default: "The node will try again."
        }
    }
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
