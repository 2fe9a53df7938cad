import ProbeNative
import ProbeProtocol

/// How a connection, or the attempt at one, ended.
public enum ConnectionEnd: Sendable, Hashable {
    /// No connection came about, or it broke.
    case failed
    /// HTTP 429 or 503 with Retry-After.
    case retryAfter(Duration)
    /// The backend refused the authentication.
    case refused
    /// The backend closed with this code.
    case closed(UInt16)
    /// The backend said that it goes, and perhaps when to come back.
    case serverShutdown(Duration?)
}

/// The delays between attempts, as the operator has them.
public struct ReconnectPolicy: Sendable, Hashable {
    public var initial = Duration.seconds(1)
    public var factor = 1.5
    public var maximum = Duration.seconds(30)
    /// Share of a delay by which it varies: 0.1 is 10 % up or down.
    public var jitter = 0.1
    /// Those of the above that the operator set: the server's wishes do not touch them.
    public var chosen: Set<Setting> = []

    public enum Setting: Sendable, Hashable { case initial, maximum, jitter }

    public init() {}
}

/// The delay before each attempt (docs/wire-protocol.md, "Reconnecting"): the initial one, then each `factor` times the
/// last up to the maximum, varied by `jitter`. What is multiplied is the delay without its jitter. Pure: the random
/// number is handed in.
struct Reconnection {
    /// Authenticated for this long, the next failure starts over. Sooner it does not: two nodes with one UUID, or a
    /// server that authenticates and closes, make no storm.
    static let settled = Duration.seconds(30)
    static let longestWait = Duration.seconds(3600)
    /// Bounds on the delays that a server may wish for.
    private static let wishes = Duration.milliseconds(100.0)...longestWait

    private let policy: ReconnectPolicy
    private var initial: Duration
    private var floor = Duration.zero
    private var maximum: Duration
    private var jitter: Double
    private var next: Duration?

    init(_ policy: ReconnectPolicy) {
        self.policy = policy
        initial = policy.initial
        maximum = policy.maximum
        jitter = policy.jitter
    }

    /// Takes the server's wishes, from its answer to the authentication, in the place of its earlier ones. What it does
    /// not say, and what the operator chose, is the node's own.
    mutating func heed(_ hints: ReconnectHints) {
        func bounded(_ wish: Duration) -> Duration { min(max(wish, Self.wishes.lowerBound), Self.wishes.upperBound) }
        self = Reconnection(policy, next: next)
        if let wish = hints.maxDelay, !policy.chosen.contains(.maximum) { maximum = bounded(wish) }
        if let wish = hints.initialDelay, !policy.chosen.contains(.initial) { initial = bounded(wish) }
        if let wish = hints.jitterFactor, !policy.chosen.contains(.jitter) { jitter = min(max(wish, 0), 1) }
        if policy.chosen.contains(.initial) { maximum = max(maximum, initial) }
        // A floor is a wish about each delay: it yields to whichever of them the operator chose.
        if let wish = hints.minDelay, !policy.chosen.contains(.initial) {
            floor = bounded(wish)
            if policy.chosen.contains(.maximum) { floor = min(floor, maximum) } else { maximum = max(maximum, floor) }
        }
    }

    private init(_ policy: ReconnectPolicy, next: Duration?) {
        self.init(policy)
        self.next = next
    }

    /// - Parameters:
    ///   - authenticatedFor: how long the connection was of use; nil when it never was.
    ///   - unit: a random number from -1 to 1.
    mutating func delay(after end: ConnectionEnd, authenticatedFor: Duration?, unit: Double) -> Duration {
        if let authenticatedFor, authenticatedFor >= Self.settled { next = nil }
        // 4001: our backend's "replaced", another node has this UUID. 1013: "try again later" (the IANA registry).
        if end == .closed(4001) || end == .closed(1013) { next = maximum }
        let isFirst = next == nil
        let delay = min(max(next ?? initial, floor), maximum)
        next = min(delay * policy.factor, maximum)
        let varied = delay + delay * (jitter * min(max(unit, -1), 1))
        switch end {
        case .serverShutdown(let wish?):
            let wish = min(max(wish, Self.wishes.lowerBound), Self.wishes.upperBound)
            // Again and again without a settled connection between: the wish may lengthen the delay, not shorten it.
            return isFirst ? wish : max(wish, varied)
        case .retryAfter(let wish): return max(min(wish, Self.longestWait), varied)
        default: return varied
        }
    }
}
