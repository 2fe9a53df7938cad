import ProbeNative

/// A node as the control socket knows it: registering (`EnrollingNode`) or at work (`Agent`).
public protocol ControlledNode: Sendable {
    func status() -> NodeStatus
    /// Says how long running diagnostics may take once a graceful shutdown is asked for, which the caller does next.
    /// - Returns: false when the node is ending already.
    func drain(within patience: Duration) -> Bool
}

extension LocalRoute {
    /// What the control socket serves: `status`, `ready`, `live` and `drain`.
    /// - Parameter requestStop: begins the graceful shutdown of the node.
    public static func control(_ node: some ControlledNode, requestStop: @escaping @Sendable () -> Void) -> [LocalRoute]
    {
        [
            LocalRoute("GET", "/status") { _ in .json(node.status()) },
            LocalRoute("GET", "/ready") { _ in
                let status = node.status()
                return .text(status.readiness, status: status.isReady ? 200 : 503)
            },
            LocalRoute("GET", "/live") { _ in
                let status = node.status()
                return .text(status.liveness, status: status.isLive ? 200 : 503)
            },
            LocalRoute("POST", "/drain") { request in
                guard let seconds = Int(request.parameter("timeout") ?? "60"), drainSeconds.contains(seconds) else {
                    return .text("timeout must be a whole number of seconds from 0 to 86400.", status: 400)
                }
                let isFirst = node.drain(within: .seconds(seconds))
                var response = LocalResponse.json(node.status(), status: 202)
                // A node with nothing to finish is gone at once.
                if isFirst { response.afterwards = requestStop }
                return response
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
        case .registering:
            guard let failure = connection.record.lastFailure else { return "The node registers at its backend." }
            return "The node is not registered yet: \(failure.reason)"
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
