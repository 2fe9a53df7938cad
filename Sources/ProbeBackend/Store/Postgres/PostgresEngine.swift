import NIOConcurrencyHelpers

/// The engine for many replicas: a PostgreSQL server, by libpq. Each connection has a thread of its own.
final class PostgresEngine: SQLEngine {
    private static let readerCount = 3

    private let url: String
    private let writer: PostgresLane
    private let readers: [PostgresLane]
    private let listener = NIOLockedValueBox<PostgresListener?>(nil)

    /// Connects, and brings the schema up to date.
    /// - Throws: `SQLFailure`
    init(url: String) async throws {
        self.url = url
        writer = PostgresLane("writer", url: url)
        readers = (0..<Self.readerCount).map { PostgresLane("reader\($0)", url: url) }
        try await writer.run { try $0.migrate() }
    }

    deinit { listener.withLockedValue { $0?.stop() } }

    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        let idlest = readers.min { $0.load < $1.load } ?? writer
        // Several statements see one moment, as in SQLite.
        return try await idlest.run { try $0.transaction("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ", body) }
    }

    func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await writer.run { try $0.transaction("BEGIN", body) }
    }

    func listen(_ deliver: @escaping @Sendable (StoreNews) -> Void) {
        let started = PostgresListener(url: url, isOwn: { [writer] in $0 == writer.serverPID }, deliver: deliver)
        listener.withLockedValue {
            $0?.stop()
            $0 = started
        }
    }
}

extension PostgresConnection {
    /// Any number, the same in all versions.
    private static let migrationLock = 7_077_624

    fileprivate func migrate() throws {
        try transaction("BEGIN") { _ in
            // Replicas may start at the same time, and a step may take long.
            try execute("SET LOCAL lock_timeout = 0")
            try execute("SELECT pg_advisory_xact_lock($1)", Self.migrationLock)
            try execute("CREATE TABLE IF NOT EXISTS schema_steps (name TEXT PRIMARY KEY)")
            let done = Set(try execute("SELECT name FROM schema_steps").map { try $0["name"] as String })
            for step in Schema.steps where !done.contains(step.name) {
                try run(dialect.schema(step.sql))
                try execute("INSERT INTO schema_steps (name) VALUES ($1)", step.name)
            }
        }
    }
}
