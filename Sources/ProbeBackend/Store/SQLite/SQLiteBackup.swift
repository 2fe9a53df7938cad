import FoundationEssentials
import GRDB

/// A copy of a database of one moment, taken beside a running backend by SQLite's online backup.
public enum SQLiteBackup {
    public enum Failure: Error, CustomStringConvertible {
        case fileExists(String)

        public var description: String {
            switch self {
            case .fileExists(let file): "\(file) exists already"
            }
        }
    }

    /// - Throws: `Failure`, or what the database or the file system says. Then there is no file at `file`.
    public static func copy(_ database: String, to file: String) throws {
        guard !FileManager.default.fileExists(atPath: file) else { throw Failure.fileExists(file) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        let source = try DatabaseQueue(path: database, configuration: configuration)
        // Under the name that was asked for there is never half a copy.
        let part = file + ".part"
        do {
            let destination = try DatabaseQueue(path: part)
            try source.backup(to: destination)
            try destination.close()
            try FileManager.default.moveItem(atPath: part, toPath: file)
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error
        }
    }
}
