import FoundationEssentials
import GRDB

/// The embedded engine: one SQLite file in WAL mode, every commit fsynced.
public final class SQLiteStore: Store {
    let pool: DatabasePool
    let commits: GroupCommit

    /// Opens the file, creates it when it is missing, and brings its schema up to date.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL for WAL, with which a power cut may take the last commits: not after an acknowledgement.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try SQLiteMigrations.migrator.migrate(pool)
        commits = GroupCommit(pool)
    }

    public func check() async throws {
        _ = try await pool.read { try Int.fetchOne($0, sql: "SELECT 1 FROM nodes LIMIT 1") }
    }
}

extension RawJSON {
    /// From a column. Only checked JSON is ever stored.
    init?(stored data: Data?) {
        guard let data else { return nil }
        self.init(checked: [UInt8](data))
    }

    var stored: Data { Data(bytes) }
}

extension Instant {
    init?(stored milliseconds: Int64?) {
        guard let milliseconds else { return nil }
        self.init(milliseconds: milliseconds)
    }
}
