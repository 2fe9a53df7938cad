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
    /// The packet's number in its job, from 1.
    var number = 0
}

/// What came of one echo request.
enum EchoOutcome: Sendable, Hashable {
    /// - rtt: nil when the wall clock stepped meanwhile and nothing else told the time.
    /// - ttl: of the reply as it arrived.
    case reply(rtt: Duration?, ttl: Int?)
    case timeout
    /// A router or the host refused it (liboping does not look at ICMP errors).
    case unreachable(ProbeFailure)
    /// It never left this node.
    case sendError(ProbeFailure)
    /// The job's time was over before it was sent, or before its reply had the time that it may take.
    case cut
}

struct EchoResult: Sendable, Hashable {
    var outcome: EchoOutcome
    /// Who refused it.
    var from: IPAddress?
    /// What the refusal says (`ICMPError.reason`).
    var reason: String?
    var clockStepped = false
    /// This node's receive buffer dropped packets meanwhile: a reply may have been among them.
    var overflowed = false
}

/// What came back for a packet whose outcome was told before.
struct EchoStray: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// The only reply to it; it took longer than its time, or an ICMP error came before it.
        case reply
        case duplicate
    }
    var number: Int
    var kind: Kind
    var rtt: Duration
    var ttl: Int?
    var from: IPAddress
    var clockStepped = false
}

/// A way to send one echo request and await what comes of it. One a job, confined to the job's reactor.
protocol EchoEngine {
    /// As in the result's `engine` field.
    var name: String { get }
    /// Returns `.cut` when the task is cancelled.
    nonisolated(nonsending) func send(_ echo: Echo, in context: ProbeContext) async -> EchoResult
    /// What came back since this was asked last, beside what `send` returned.
    func takeStrays() -> [EchoStray]
    /// Packets that this node's receive buffer dropped since the job began; nil where nobody counts.
    var receiveOverflow: Int? { get }
}

extension EchoEngine {
    func takeStrays() -> [EchoStray] { [] }
    var receiveOverflow: Int? { nil }
}
