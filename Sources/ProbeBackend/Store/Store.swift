/// Where nodes, tokens, jobs and results live.
///
/// Every call that changes something returns after that change is durable: a caller may acknowledge at once. Calls
/// from many tasks may share one commit. Errors other than `StoreFailure` are the engine's own and mean that
/// nothing of the call was stored.
public protocol Store: Sendable {
    /// Throws when the store cannot answer.
    func check() async throws

    // Registration
    func insert(_ token: RegistrationToken) async throws
    /// Uses up one use of the token and stores the node, both or neither. False: no such token, or spent, or expired.
    func register(_ node: NewNode, token: SecretDigest) async throws -> Bool

    // Nodes
    func nodes() async throws -> [NodeRecord]
    func node(_ uuid: String) async throws -> NodeRecord?
    /// Starts a connection of that node: its epoch, higher than of any connection before. From now on jobs are
    /// handed to no older one.
    func openConnection(of node: String, _ update: NodeUpdate, at now: Instant) async throws -> Int64
    func keepHeartbeat(_ heartbeat: RawJSON, of node: String, at now: Instant) async throws

    // Jobs
    /// All or none. Throws `StoreFailure.duplicateRequestID` or `.unknownNode`.
    func insert(_ jobs: [NewJob]) async throws
    /// In the order of the ids; unknown ids are left out.
    func jobs(_ requestIDs: [String]) async throws -> [JobRecord]
    /// Takes queued jobs for a connection, most urgent first: the node's own, then those for any node. They are
    /// `sent` from now on. Throws `StoreFailure.fenced`.
    func claim(for node: String, epoch: Int64, limit: Int, at now: Instant) async throws -> [JobRecord]
    /// The node's sent and unanswered jobs after `sequence`, in order of arrival, each counted as sent once more.
    /// Throws `StoreFailure.fenced`.
    func unanswered(
        of node: String, epoch: Int64, after sequence: Int64, limit: Int, at now: Instant
    ) async throws -> [JobRecord]
    /// Any-node jobs bound to that node and not yet sent are free for others again. Nil: of every node. True when
    /// there were any.
    func release(_ node: String?) async throws -> Bool
    /// One outcome for each answer, in order. Idempotent by request id, whichever connection it came by.
    func record(_ answers: [Answer], from node: String, at now: Instant) async throws -> [AnswerOutcome]
    func cancel(_ requestID: String, at now: Instant) async throws -> CancelOutcome
    /// Ends at most `limit` jobs whose time is over.
    func expire(at now: Instant, limit: Int) async throws -> [EndedJob]
}

public enum StoreFailure: Error, Equatable {
    case duplicateRequestID(String)
    case unknownNode(String)
    /// A newer connection of the node exists.
    case fenced
}
