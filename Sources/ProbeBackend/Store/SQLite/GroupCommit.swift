import GRDB

/// Runs writes of many tasks in one transaction, so that a thousand waiting results cost one fsync and not a thousand.
///
/// While one commit is under way the next writes gather; each has its own savepoint, so that one that fails takes no
/// other with it. A task resumes only after the commit that holds its write.
actor GroupCommit {
    private struct Write: Sendable {
        /// Does the write; what it returns tells the task, to be called after the commit.
        let run: @Sendable (Database) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private enum Outcome: Sendable {
        case written(@Sendable () -> Void)
        case failed(any Error)
    }

    private let pool: DatabasePool
    private var waiting: [Write] = []
    private var isCommitting = false

    init(_ pool: DatabasePool) {
        self.pool = pool
    }

    /// Runs `body` inside a transaction and returns its value once that is committed.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(
                Write(
                    run: { database in
                        let value = try body(database)
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
            await commit(batch)
        }
        isCommitting = false
    }

    private func commit(_ batch: [Write]) async {
        do {
            let outcomes = try await pool.write { database in
                try batch.map { try Self.run($0, in: database) }
            }
            for (write, outcome) in zip(batch, outcomes) {
                switch outcome {
                case .written(let tell): tell()
                case .failed(let error): write.fail(error)
                }
            }
        } catch {
            for write in batch { write.fail(error) }
        }
    }

    private static func run(_ write: Write, in database: Database) throws -> Outcome {
        do {
            var tell: (@Sendable () -> Void)?
            try database.inSavepoint {
                tell = try write.run(database)
                return .commit
            }
            return tell.map(Outcome.written) ?? .failed(DatabaseError(resultCode: .SQLITE_INTERNAL))
        } catch {
            // SQLite rolls the whole transaction back by itself on a full disk or an I/O error. What follows would
            // then commit alone, and what came before is gone: the batch fails as one.
            guard database.isInsideTransaction else { throw error }
            return .failed(error)
        }
    }
}
