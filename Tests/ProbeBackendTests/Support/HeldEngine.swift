import ProbeTesting

import class ProbeNative.Locked

@testable import ProbeBackend

/// An engine whose next commit can be held back, and then made to fail once, as a database that hangs and dies.
final class HeldEngine: SQLEngine {
    struct Failure: Error {}

    private let engine: any SQLEngine
    private let isHeld = Locked(false)
    private let arrivals = EventLog<Void>()
    private let failures = EventLog<Void>()

    init(_ engine: any SQLEngine) { self.engine = engine }

    func hold() { isHeld.withLock { $0 = true } }
    func heldCommit() async throws { try await arrivals.next("held commit") }

    func fail() {
        isHeld.withLock { $0 = false }
        failures.append(())
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await engine.read(body)
    }

    func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        guard isHeld.withLock({ $0 }) else { return try await engine.transaction(body) }
        arrivals.append(())
        try await failures.next("failure")
        throw Failure()
    }

    func listen(_ deliver: @escaping @Sendable (StoreNews) -> Void) { engine.listen(deliver) }
}
