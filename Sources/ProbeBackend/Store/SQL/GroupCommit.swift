/// Runs writes of many tasks in one transaction, so that a thousand waiting results cost one fsync and not a thousand.
///
/// While one commit is under way the next writes gather; each has its own savepoint, so that one that fails takes no
/// other with it. A task resumes only after the commit that holds its write.
actor GroupCommit {
    private static let mostAttempts = 5

    private struct Write: Sendable {
        /// Does the write; what it returns tells the task, to be called after the commit. May run more than once.
        let run: @Sendable (any SQLConnection) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private enum Outcome: Sendable {
        case written(@Sendable () -> Void)
        case failed(any Error)
    }

    /// Transactions committed.
    private(set) var commits = 0
    private let engine: any SQLEngine
    private var waiting: [Write] = []
    private var isCommitting = false

    init(_ engine: any SQLEngine) {
        self.engine = engine
    }

    /// Runs `body` inside a transaction and returns its value once that is committed.
    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(
                Write(
                    run: { connection in
                        let value = try body(connection)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }))
            guard !isCommitting else { return }
            isCommitting = true
            Task { await self.commitAll() }
        }
    }

    private func commitAll() async {
        while !waiting.isEmpty {
            let batch = waiting
            waiting = []
            await commit(batch, attempt: 1)
        }
        isCommitting = false
    }

    private func commit(_ batch: [Write], attempt: Int) async {
        do {
            let outcomes = try await engine.transaction { connection in
                try batch.map { try Self.run($0, on: connection) }
            }
            commits += 1
            for (write, outcome) in zip(batch, outcomes) {
                switch outcome {
                case .written(let tell): tell()
                case .failed(let error): write.fail(error)
                }
            }
        } catch let failure as SQLFailure where failure.isCollision && attempt < Self.mostAttempts {
            await commit(batch, attempt: attempt + 1)
        } catch {
            for write in batch { write.fail(error) }
        }
    }

    private static func run(_ write: Write, on connection: any SQLConnection) throws -> Outcome {
        try connection.execute("SAVEPOINT write")
        do {
            let tell = try write.run(connection)
            try connection.execute("RELEASE SAVEPOINT write")
            return .written(tell)
        } catch let failure as SQLFailure where failure.isCollision {
            throw failure
        } catch {
            // SQLite rolls the whole transaction back by itself on a full disk or an I/O error. What follows would
            // then commit alone, and what came before is gone: the batch fails as one. So it does when the
            // connection is lost.
            do { try connection.execute("ROLLBACK TO SAVEPOINT write") } catch _ { throw error }
            try connection.execute("RELEASE SAVEPOINT write")
            return .failed(error)
        }
    }
}
