import GRDB
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// The tables of a history. Times are microseconds since 1970 UTC, hours are whole hours since then.
enum HistorySchema {
    /// Of the tables below; kept in the file's header. What a later version wrote is refused.
    static let version: Int32 = 1
    /// "PrOh", in the header too: tells a history from other SQLite files (sqlite.org/fileformat2.html, offset 68).
    static let applicationID: Int32 = 0x5072_4f68

    /// A result's row is kept small, since a year can have a thousand millions: its time is its key, names are numbers,
    /// and what is 0, 1 or nothing takes no byte. Roll-ups have all results before `rolled.until`, row by row.
    private static let tables = """
        CREATE TABLE checks (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tool TEXT NOT NULL, target TEXT NOT NULL,
            "group" TEXT);
        CREATE TABLE outcomes (id INTEGER PRIMARY KEY, verdict TEXT NOT NULL, code TEXT NOT NULL, UNIQUE (verdict, code));
        INSERT INTO outcomes VALUES (0, 'ok', '');
        CREATE TABLE results (time INTEGER PRIMARY KEY, check_id INTEGER NOT NULL, outcome INTEGER NOT NULL,
            latency INTEGER, sent INTEGER, lost INTEGER);
        CREATE TABLE rollups (hour INTEGER NOT NULL, check_id INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
            unmeasured INTEGER NOT NULL, sum INTEGER NOT NULL, minimum INTEGER, maximum INTEGER, latencies BLOB NOT NULL,
            sent INTEGER NOT NULL, lost INTEGER NOT NULL, PRIMARY KEY (hour, check_id)) WITHOUT ROWID;
        CREATE TABLE failures (hour INTEGER NOT NULL, check_id INTEGER NOT NULL, outcome INTEGER NOT NULL,
            count INTEGER NOT NULL, PRIMARY KEY (hour, check_id, outcome)) WITHOUT ROWID;
        CREATE TABLE outages (id INTEGER PRIMARY KEY, check_id INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER);
        CREATE INDEX outages_ended ON outages (ended);
        CREATE TABLE rolled (until INTEGER NOT NULL);
        INSERT INTO rolled VALUES (0);
        """

    /// Makes the tables of a new file. Before it becomes one with a write-ahead log, so that the header, which is read
    /// without SQLite, has its numbers in the file itself.
    static func create(_ database: Database) throws {
        guard try Int32.fetchOne(database, sql: "PRAGMA user_version") == 0 else { return }
        try database.inTransaction(.exclusive) {
            try database.execute(sql: tables)
            try database.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Reads the file's header, so that nothing of SQLite is needed before start-up.
    /// - Returns: false where there is no file, or an empty one.
    /// - Throws: one sentence, for what is no history or of a later version.
    static func isThere(_ path: String) throws(ConfigurationError) -> Bool {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        if number < 0, errno == ENOENT { return false }
        guard number >= 0 else { throw ConfigurationError("\(path) cannot be read: \(Errno(rawValue: errno)).") }
        let descriptor = FileDescriptor(owning: number)
        var header = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor.number, &header, header.count)
        guard count >= 0 else { throw ConfigurationError("\(path) cannot be read: \(Errno(rawValue: errno)).") }
        if count == 0 { return false }
        func field(_ offset: Int) -> Int32 { header[offset..<offset + 4].reduce(0) { $0 << 8 | Int32($1) } }
        guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)), field(68) == applicationID
        else {
            throw ConfigurationError("\(path) is no history of probe-agent watch.")
        }
        guard field(60) <= version else {
            throw ConfigurationError(
                "\(path) is of version \(field(60)), and this program knows no later one than \(version): "
                    + "a newer probe-agent wrote it.")
        }
        return true
    }
}
