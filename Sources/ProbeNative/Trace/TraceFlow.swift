/// A series of probes that look the same to routers which spread packets over paths ("Paris traceroute": addresses,
/// protocol, ports and, of ICMP, the checksum stay as they are). Confined to its reactor's thread.
protocol TraceFlow: AnyObject, Sendable {
    /// Sends one probe.
    /// - Returns: a name for it, and when it left.
    /// - Throws: `policy_denied`, `network_unreachable`, `permission_denied`, `local_resource_exhausted`, ... at stage
    ///   `request`; `cancelled`.
    func send(hop: Int) async throws(ProbeFailure) -> (name: UInt32, at: Instant)

    /// The oldest answer that has been read and not been taken yet, with the name of its probe.
    func take() -> (name: UInt32, answer: TraceAnswer)?

    /// Suspends until `take` has something; false when the task is cancelled.
    func wait() async -> Bool

    /// Reads what has arrived: to be called before a probe is given up.
    func read()

    /// Packets that the node's own receive buffer dropped so far.
    var drops: Int { get }
}
