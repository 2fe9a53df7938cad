/// The nodes that are connected to this process, each by its newest connection.
actor NodeHub {
    private var sessions: [String: NodeSession] = [:]

    /// Takes a session in. The older of two sessions of one node is closed with 4001 `replaced`; false when that is
    /// the new one, because a still newer one was faster.
    func admit(_ session: NodeSession) -> Bool {
        if let present = sessions[session.node] {
            guard present.epoch < session.epoch else {
                Self.displace(session)
                return false
            }
            Self.displace(present)
        }
        sessions[session.node] = session
        return true
    }

    private static func displace(_ session: NodeSession) {
        session.finish()
        session.send(.close(code: 4001, reason: "replaced", message: nil))
    }

    /// False when a newer session has taken its place.
    func remove(_ session: NodeSession) -> Bool {
        session.finish()
        guard sessions[session.node] === session else { return false }
        sessions[session.node] = nil
        return true
    }

    /// Ends the connection of a node that may not be connected any more. 1008: policy violation.
    func expel(_ node: String, _ reason: String) {
        guard let session = sessions.removeValue(forKey: node) else { return }
        session.finish()
        session.send(.close(code: 1008, reason: reason, message: nil))
    }

    var connections: Int { sessions.count }

    /// Closes what has a newer connection at another replica.
    func displace(older epochs: [String: Int64]) {
        for session in sessions.values {
            guard let newest = epochs[session.node], session.epoch < newest else { continue }
            Self.displace(session)
        }
    }

    var all: [NodeSession] { Array(sessions.values) }

    func session(of node: String) -> NodeSession? { sessions[node] }

    func wake(_ nodes: Set<String>) {
        for node in nodes { sessions[node]?.wake() }
    }

    func wakeAll() {
        for session in sessions.values { session.wake() }
    }

    /// The load of each node that is connected to this process.
    var loads: [NodeLoad] { sessions.values.map(\.nodeLoad) }

    /// Counts jobs that are about to be given to these nodes, one for each time it is named.
    func assign(_ nodes: [String]) {
        for node in nodes { sessions[node]?.assign(1) }
    }

    /// Tells nodes that jobs of theirs ended without an answer, and frees their room.
    func ended(_ jobs: [EndedJob]) {
        for job in jobs {
            guard let session = job.holder.flatMap({ sessions[$0] }) else { continue }
            session.settled([job.requestID])
            if let text = try? JSONText.encode(CancelMessage(requestID: job.requestID)) { session.send(.text(text)) }
        }
    }
}
