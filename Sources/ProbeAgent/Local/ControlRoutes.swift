import ProbeNative

extension LocalRoute {
    /// What the control socket serves: `status`, `ready`, `live` and `drain`.
    /// - Parameter requestStop: begins the graceful shutdown of the process.
    public static func control(_ agent: Agent, requestStop: @escaping @Sendable () -> Void) -> [LocalRoute] {
        [
            LocalRoute("GET", "/status") { _ in .json(agent.status()) },
            LocalRoute("GET", "/ready") { _ in
                let status = agent.status()
                return .text(status.readiness, status: status.isReady ? 200 : 503)
            },
            LocalRoute("GET", "/live") { _ in
                let status = agent.status()
                return .text(status.liveness, status: status.isLive ? 200 : 503)
            },
            LocalRoute("POST", "/drain") { request in
                guard let seconds = Int(request.parameter("timeout") ?? "60"), drainSeconds.contains(seconds) else {
                    return .text("timeout must be a whole number of seconds from 0 to 86400.", status: 400)
                }
                if agent.drain(within: .seconds(seconds)) { requestStop() }
                return .json(agent.status(), status: 202)
            },
        ]
    }

    private static let drainSeconds = 0...86_400
}

extension NodeStatus {
    /// One sentence.
    var readiness: String {
        switch state {
        case .connected: return "The node is connected to \(facts.backend)."
        case .draining: return "The node takes no more jobs and ends."
        case .starting: return "The node is starting."
        case .connecting:
            guard let failure = connection.record.lastFailure else {
                return "The node is not connected to its backend yet."
            }
            return "The node is not connected to its backend: \(failure.reason)"
        }
    }

    var liveness: String {
        guard let (index, lag) = reactorLags.enumerated().max(by: { $0.element < $1.element }), lag >= Self.longestLag
        else { return "The node serves." }
        return "Reactor \(index) has not answered for \(Int(lag.inSeconds)) s."
    }
}
