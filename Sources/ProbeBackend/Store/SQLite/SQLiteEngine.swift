import FoundationEssentials
import GRDB

/// The embedded engine: one SQLite file in WAL mode, every commit fsynced.
final class SQLiteEngine: SQLEngine {
    let pool: DatabasePool

    /// Opens the file, creates it when it is missing, and brings its schema up to date.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        pool = try DatabasePool(path: path, configuration: configuration)
        // GRDB sets NORMAL for WAL, with which a power cut may take the last commits: not after an acknowledgement.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Self.migrator.migrate(pool)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for step in Schema.steps {
            migrator.registerMigration(step.name) { try $0.execute(sql: SQLDialect.sqlite.schema(step.sql)) }
        }
        return migrator
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await pool.read { try body(SQLiteConnection(database: $0)) }
    }

    func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await pool.write { try body(SQLiteConnection(database: $0)) }
    }

    /// One process alone serves a file.
    func listen(_ deliver: @escaping @Sendable (StoreNews) -> Void) {}
}

private struct SQLiteConnection: SQLConnection {
    let database: Database

    var dialect: SQLDialect { .sqlite }

    func announce(_ news: StoreNews) {}

    func execute(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
        // SQLite numbers its placeholders with a question mark; `$1` would be one named "1".
        let statement = try database.cachedStatement(sql: sql.replacing("$", with: "?"))
        let arguments = StatementArguments(values.map(\.databaseValue))
        guard statement.columnCount > 0 else {
            try statement.execute(arguments: arguments)
            return []
        }
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        let columns = SQLColumns(statement.columnNames)
        var rows: [SQLRow] = []
        while let row = try cursor.next() {
            rows.append(SQLRow(columns: columns, values: row.databaseValues.map(SQLValue.init)))
        }
        return rows
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob([UInt8](value))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let value): Data(value).databaseValue
        }
    }
}
