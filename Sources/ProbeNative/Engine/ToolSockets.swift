/// The sockets that the built-in tools need, opened while the process may.
public struct ToolSockets: Sendable {
    public var ping: PingLane
    public var raw: RawSockets
    /// What could not be opened and what to do about it, each sentence once.
    public var failures: [ProbeFailure]

    /// Early in a process: liboping's sockets must have numbers below 1,024 (FD_SETSIZE).
    /// - Parameters:
    ///   - pingWorkers: how many pings of liboping can wait for replies at once; nil for a whole node.
    ///   - reactors: how many the engine will have; nil for as many as it has by itself.
    public static func open(pingWorkers: Int? = nil, reactors: Int? = nil) -> ToolSockets {
        let ping = PingLane.open(workers: pingWorkers ?? PingLane.defaultWorkers)
        let raw = RawSockets.open(reactors: reactors ?? ReactorGroup.defaultCount)
        var failures = ping.unavailable.map { [$0] } ?? IPAddress.Family.allCases.compactMap(ping.failure)
        for failure in IPAddress.Family.allCases.compactMap(raw.failure)
        where !failures.contains(where: { $0.detail == failure.detail }) { failures.append(failure) }
        return ToolSockets(ping: ping, raw: raw, failures: failures)
    }
}
