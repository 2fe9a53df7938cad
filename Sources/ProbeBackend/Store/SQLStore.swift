/// Where nodes, tokens, jobs and results live. Its methods are in the files by subject.
///
/// Every call that changes something returns after that change is durable: a caller may acknowledge at once. Calls
/// from many tasks may share one commit. Errors other than `StoreFailure` are the engine's own and mean that
/// nothing of the call was stored.
public struct SQLStore: Sendable {
    let engine: any SQLEngine
    /// This process among those that share the database.
    let replica = RequestID.make()
    private let commits: GroupCommit

    /// Whether other processes may serve the same database.
    var isShared: Bool { engine is PostgresEngine }

    init(_ engine: any SQLEngine) {
        self.engine = engine
        commits = GroupCommit(engine)
    }

    /// Opens the database and brings its schema up to date.
    ///
    /// - Parameter database: a PostgreSQL server's `postgres://USER@HOST/NAME`, or the path of an SQLite file, which is
    ///   made when it is missing.
    public static func open(_ database: String) async throws -> SQLStore {
        guard isServer(database) else { return SQLStore(try SQLiteEngine(path: database)) }
        return SQLStore(try await PostgresEngine(url: database))
    }

    /// Whether that names a PostgreSQL server.
    public static func isServer(_ database: String) -> Bool {
        database.hasPrefix("postgres://") || database.hasPrefix("postgresql://")
    }

    /// What `body` reads is of one moment.
    @discardableResult
    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await engine.read(body)
    }

    /// All of `body` is stored and durable when this returns, or nothing when it throws. `body` may run more than
    /// once, so it must not tell anybody anything.
    @discardableResult
    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await commits.write(body)
    }

    /// Transactions that this process has committed.
    var commitCount: Int { get async { await commits.commits } }

    /// Throws when the database cannot answer.
    func check() async throws {
        try await read { try $0.execute("SELECT 1 FROM nodes LIMIT 1") }
    }
}

public enum StoreFailure: Error, Equatable {
    case duplicateRequestID(String)
    case unknownNode(String)
    /// A newer connection of the node exists.
    case fenced
}
