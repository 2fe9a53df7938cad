/// One echo request to be sent.
struct Echo: Sendable, Hashable {
    var address: IPAddress
    /// IP time to live or hop limit.
    var ttl: Int
    /// Type of service or traffic class.
    var tos: Int
    /// Bytes of payload behind the ICMP header.
    var size: Int
    /// How long a reply may take.
    var timeout: Duration
    /// The job sends its next packet sooner than this one's timeout, so it cannot wait for others' slow hosts.
    var isImpatient: Bool
    /// The packet before it got no reply, so this one may well get none: those who will get one better not wait for it.
    var isDoubtful = false
}

/// What came of one echo request.
enum EchoOutcome: Sendable, Hashable {
    /// - rtt: nil when the wall clock stepped meanwhile and nothing else told the time.
    /// - ttl: of the reply as it arrived.
    case reply(rtt: Duration?, ttl: Int?)
    case timeout
    /// A router or the host refused it (TCP only; liboping does not look at ICMP errors).
    case unreachable(ProbeFailure)
    /// It never left this node.
    case sendError(ProbeFailure)
    /// The job's time was over before it was sent, or before its reply had the time that it may take.
    case cut
}

struct EchoResult: Sendable, Hashable {
    var outcome: EchoOutcome
    var clockStepped = false
}

/// A way to send one echo request and await what comes of it.
protocol EchoEngine: Sendable {
    /// As in the result's `engine` field.
    var name: String { get }
    /// Runs on the context's reactor. Returns `.cut` when the task is cancelled.
    func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult
}
