import ProbeTesting

import class ProbeNative.Locked

@testable import ProbeBackend

/// A store whose `record` can be held back, and then made to fail once, as a database that hangs and dies.
final class HeldStore: Store {
    struct Failure: Error {}

    private let store: any Store
    private let isHeld = Locked(false)
    private let arrivals = EventLog<Void>()
    private let failures = EventLog<Void>()

    init(_ store: any Store) { self.store = store }

    func hold() { isHeld.withLock { $0 = true } }
    func heldAnswer() async throws { try await arrivals.next("held answer") }

    func fail() {
        isHeld.withLock { $0 = false }
        failures.append(())
    }

    func record(_ answers: [Answer], from node: String, at now: Instant) async throws -> [AnswerOutcome] {
        guard isHeld.withLock({ $0 }) else { return try await store.record(answers, from: node, at: now) }
        arrivals.append(())
        try await failures.next("failure")
        throw Failure()
    }

    func check() async throws { try await store.check() }
    func insert(_ token: RegistrationToken) async throws { try await store.insert(token) }
    func register(_ node: NewNode, token: SecretDigest) async throws -> Bool {
        try await store.register(node, token: token)
    }
    func nodes() async throws -> [NodeRecord] { try await store.nodes() }
    func node(_ uuid: String) async throws -> NodeRecord? { try await store.node(uuid) }
    func openConnection(of node: String, _ update: NodeUpdate, at now: Instant) async throws -> Int64 {
        try await store.openConnection(of: node, update, at: now)
    }
    func keepHeartbeat(_ heartbeat: RawJSON, of node: String, at now: Instant) async throws {
        try await store.keepHeartbeat(heartbeat, of: node, at: now)
    }
    func insert(_ jobs: [NewJob]) async throws { try await store.insert(jobs) }
    func jobs(_ requestIDs: [String]) async throws -> [JobRecord] { try await store.jobs(requestIDs) }
    func claim(for node: String, epoch: Int64, limit: Int, at now: Instant) async throws -> [JobRecord] {
        try await store.claim(for: node, epoch: epoch, limit: limit, at: now)
    }
    func unanswered(
        of node: String, epoch: Int64, after sequence: Int64, limit: Int, at now: Instant
    ) async throws -> [JobRecord] {
        try await store.unanswered(of: node, epoch: epoch, after: sequence, limit: limit, at: now)
    }
    func release(_ node: String?) async throws -> Bool { try await store.release(node) }
    func cancel(_ requestID: String, at now: Instant) async throws -> CancelOutcome {
        try await store.cancel(requestID, at: now)
    }
    func expire(at now: Instant, limit: Int) async throws -> [EndedJob] {
        try await store.expire(at: now, limit: limit)
    }
}
