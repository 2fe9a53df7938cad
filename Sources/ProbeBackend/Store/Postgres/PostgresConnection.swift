import CPostgres

/// One connection to a PostgreSQL server. Its calls block; one thread at a time uses it.
final class PostgresConnection: SQLConnection {
    /// Statements prepared on the server, at most; what comes then is planned each time.
    private static let mostStatements = 500

    private let handle: OpaquePointer
    /// By SQL text: the statement's name on the server.
    private var prepared: [String: String] = [:]
    private var columns: [String: SQLColumns] = [:]
    /// What other replicas are to be told with the commit.
    private var announced: StoreNews = []

    /// - Parameter url: `postgres://...`, as libpq reads it.
    /// - Throws: `SQLFailure` when there is no connection within five seconds.
    init(url: String) throws {
        // Of a keyword that is given twice the last counts, and what the URL says comes last. A server that has
        // vanished is noticed within a quarter of a minute.
        let options = [
            ("application_name", "probe-backend"), ("connect_timeout", "5"), ("keepalives_idle", "5"),
            ("keepalives_interval", "5"), ("keepalives_count", "2"), ("tcp_user_timeout", "15000"),
            ("client_encoding", "UTF8"), ("options", "-c client_min_messages=warning"), ("dbname", url),
        ]
        let connected = Self.withCStrings(options.map(\.0)) { keywords in
            Self.withCStrings(options.map(\.1)) { values in PQconnectdbParams(keywords, values, 1) }
        }
        guard let connected else { throw SQLFailure("out of memory") }
        handle = connected
        // The handle is `deinit`'s from here on, whatever is thrown.
        guard PQstatus(handle) == CONNECTION_OK else { throw lastFailure() }
        // Whatever the server's defaults are: what is acknowledged is on disk, and nobody's lock holds us for long.
        try execute("SET synchronous_commit = on")
        try execute("SET lock_timeout = '5s'")
        try execute("SET default_transaction_isolation = 'read committed'")
    }

    deinit { PQfinish(handle) }

    var dialect: SQLDialect { .postgres }
    /// Takes notice of what happened to it while nobody used it.
    var isUsable: Bool { PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK }
    var serverPID: Int32 { PQbackendPID(handle) }
    var socket: Int32 { PQsocket(handle) }

    func announce(_ news: StoreNews) { announced.formUnion(news) }

    // MARK: Transactions

    func transaction<T>(_ begin: String, _ body: (any SQLConnection) throws -> T) throws -> T {
        announced = []
        try execute(begin)
        do {
            let value = try body(self)
            // One for the whole batch: commits with a NOTIFY wait for one another.
            if !announced.isEmpty {
                try execute("SELECT pg_notify($1, $2)", StoreNews.channel, String(announced.rawValue))
            }
            try execute("COMMIT")
            return value
        } catch {
            // Fails when the connection is gone, and the transaction with it.
            _ = try? execute("ROLLBACK")
            throw error
        }
    }

    // MARK: Statements

    func execute(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
        let parameters = values.map(PostgresParameter.init)
        let name = try statement(sql)
        let result = Self.withPointers(parameters) { texts, lengths, formats in
            let count = Int32(parameters.count)
            return if let name {
                PQexecPrepared(handle, name, count, texts, lengths, formats, 1)
            } else {
                PQexecParams(handle, sql, count, nil, texts, lengths, formats, 1)
            }
        }
        return try rows(of: result, sql: sql)
    }

    /// Several statements without values, as a schema is made.
    func run(_ script: String) throws {
        _ = try checked(PQexec(handle, script)) { _ in }
    }

    private func statement(_ sql: String) throws -> String? {
        if let name = prepared[sql] { return name }
        guard prepared.count < Self.mostStatements else { return nil }
        let name = "s\(prepared.count)"
        try checked(PQprepare(handle, name, sql, 0, nil)) { _ in }
        prepared[sql] = name
        return name
    }

    private func rows(of result: OpaquePointer?, sql: String) throws -> [SQLRow] {
        try checked(result) { result in
            let (height, width) = (PQntuples(result), PQnfields(result))
            guard height > 0 else { return [] }
            let columns =
                self.columns[sql]
                ?? SQLColumns((0..<width).map { PQfname(result, $0).map { String(cString: $0) } ?? "" })
            if prepared[sql] != nil { self.columns[sql] = columns }
            return try (0..<height).map { row in
                SQLRow(
                    columns: columns,
                    values: try (0..<width).map { try PostgresParameter.value(of: result, row: row, column: $0) })
            }
        }
    }

    @discardableResult
    private func checked<T>(_ result: OpaquePointer?, _ body: (OpaquePointer) throws -> T) throws -> T {
        guard let result else { throw lastFailure() }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return try body(result)
        default:
            let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
            throw SQLFailure(Self.sentence(PQresultErrorMessage(result)), state: state)
        }
    }

    private func lastFailure() -> SQLFailure { SQLFailure(Self.sentence(PQerrorMessage(handle))) }

    private static func sentence(_ text: UnsafePointer<CChar>?) -> String {
        let lines = text.map { String(cString: $0) }?.split(separator: "\n") ?? []
        return lines.map { $0.drop(while: \.isWhitespace) }.joined(separator: "; ")
    }

    // MARK: Notifications

    /// What was announced since the last call, except by those server processes.
    /// - Throws: `SQLFailure` when the connection is lost.
    func notifications(unless isOwn: (Int32) -> Bool) throws -> StoreNews {
        guard PQconsumeInput(handle) == 1 else { throw lastFailure() }
        var news: StoreNews = []
        while let notification = PQnotifies(handle) {
            defer { PQfreemem(notification) }
            guard !isOwn(notification.pointee.be_pid) else { continue }
            news.formUnion(StoreNews(rawValue: Int(String(cString: notification.pointee.extra)) ?? 0))
        }
        return news
    }
}
