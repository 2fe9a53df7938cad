import GRDB
import ProbeNative

#if canImport(Glibc)
    import Glibc
#endif

/// There is nothing to report, in one sentence.
public struct NothingInPeriod: Error, CustomStringConvertible {
    public let description: String
}

/// Reads a history, also while a watch writes it.
public struct HistoryReader: Sendable {
    private let path: String
    private let queue: DatabaseQueue

    /// - Throws: one sentence: there is no such file, it is no history, or a later version wrote it.
    public init(_ path: String) throws(ConfigurationError) {
        guard try HistorySchema.isThere(path) else {
            throw ConfigurationError("\(path) is not there, or empty: a watch with the output sqlite makes it.")
        }
        self.path = path
        do { queue = try Self.open(path) } catch {
            throw ConfigurationError("\(path) cannot be read: \(HistoryOutput.reason(error)).")
        }
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { _ = try HistoryStore.rolledUntil($0) }
            return queue
        } catch let error as DatabaseError where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) {
            // What a log holds may be missing in the file, or half in it.
            guard !hasLog(path) else {
                throw ConfigurationError("its last changes are in \(path)-wal, which only who may write there can read")
            }
            // Nobody writes, and files beside it cannot be made here: then it does not change either.
            let escaped = path.utf8.map { byte in
                byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "%")
                    ? "%" + String(byte, radix: 16) : String(decoding: [byte], as: UTF8.self)
            }
            return try DatabaseQueue(path: "file:\(escaped.joined())?immutable=1", configuration: configuration)
        }
    }

    private static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat(path + "-wal", &status) == 0 && status.st_size > 0
    }

    /// - Parameter plotted: of how many checks, the worst first, the series are read.
    /// - Throws: `NothingInPeriod`, and one sentence when SQLite cannot read.
    public func report(_ query: HistoryQuery, plotted: Int) throws -> HistoryReport {
        do {
            // One transaction: what is written meanwhile is not seen.
            return try queue.read { database in
                try HistoryReport(HistoryScan(database, query), path: path, query, plotted: plotted)
            }
        } catch let error as NothingInPeriod {
            throw error
        } catch {
            throw ConfigurationError("\(path) cannot be read: \(HistoryOutput.reason(error)).")
        }
    }
}
