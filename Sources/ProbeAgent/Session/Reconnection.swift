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
    /// The backend said when to come back.
    case serverShutdown(Duration?)
}

/// The delays that the operator chose.
public struct ReconnectPolicy: Sendable, Hashable {
    public var initial = Duration.seconds(1)
    public var factor = 1.5
    public var maximum = Duration.seconds(30)
    /// Share of a delay by which it varies.
    public var jitter = 0.1
    /// Those of the above that the operator set: the server's wishes do not touch them.
    public var chosen: Set<Setting> = []

    public enum Setting: Sendable, Hashable { case initial, maximum, jitter }

    public init() {}
}

/// The delay before each attempt (docs/wire-protocol.md, "Reconnecting"): the initial one, then each `factor` times the
/// last up to the maximum, varied by +-`jitter`. What is multiplied is the delay without its jitter. Pure: the random
/// number is handed in.
struct Reconnection {
    /// Authenticated for this long, the next failure starts over: two nodes with one UUID, or a server that
    /// authenticates and closes, make no storm.
    static let settled = Duration.seconds(30)
    static let longestRetryAfter = Duration.seconds(3600)
    /// Bounds on what a server may wish for.
    static let wishes = Duration.milliseconds(100)...Duration.seconds(3600)

    private let policy: ReconnectPolicy
    private var initial: Duration
    private var minimum = Duration.zero
    private var maximum: Duration
    private var jitter: Double
    private var next: Duration?

    init(_ policy: ReconnectPolicy) {
        self.policy = policy
        initial = policy.initial
        maximum = policy.maximum
        jitter = policy.jitter
    }

    /// The server's wishes, from its answer to the authentication.
    mutating func heed(_ hints: ReconnectHints) {
        func bounded(_ wish: Duration) -> Duration { min(max(wish, Self.wishes.lowerBound), Self.wishes.upperBound) }
        if let wish = hints.minDelay { minimum = bounded(wish) }
        if let wish = hints.maxDelay, !policy.chosen.contains(.maximum) { maximum = max(bounded(wish), minimum) }
        if let wish = hints.initialDelay, !policy.chosen.contains(.initial) { initial = bounded(wish) }
        if let wish = hints.jitterFactor, !policy.chosen.contains(.jitter), (0...1).contains(wish) { jitter = wish }
    }

    /// - Parameters:
    ///   - authenticatedFor: how long the connection was of use; nil when it never was.
    ///   - unit: a random number from -1 to 1.
    mutating func delay(after end: ConnectionEnd, authenticatedFor: Duration?, unit: Double) -> Duration {
        if let authenticatedFor, authenticatedFor >= Self.settled { next = nil }
        // 4001: our backend's "replaced", another node uses this UUID; 1013: "try again later" (RFC 6455's registry).
        if end == .closed(4001) || end == .closed(1013) { next = maximum }
        // 1012: the server restarts and will be back.
        if end == .closed(1012) { next = nil }
        let floor = policy.chosen.contains(.initial) ? .zero : minimum
        let delay = min(max(next ?? initial, floor), max(maximum, floor))
        next = min(delay * policy.factor, maximum)
        switch end {
        case .serverShutdown(let wish?): return wish
        case .retryAfter(let wish): return max(min(wish, Self.longestRetryAfter), vary(delay, unit))
        default: return vary(delay, unit)
        }
    }

    private func vary(_ delay: Duration, _ unit: Double) -> Duration { delay + delay * (jitter * unit) }
}
