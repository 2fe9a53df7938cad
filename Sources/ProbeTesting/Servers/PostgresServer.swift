import Foundation
import Glibc

/// A PostgreSQL 15 server (Debian's) with a data folder of its own, on a free loopback port.
///
/// It refuses to run as root; root's tests run it as nobody. Everybody may log in.
public actor PostgresServer {
    private static let programs = "/usr/lib/postgresql/15/bin/"
    private static let user = "probe"
    private static let ordinaryUser: uid_t = 65_534
    @MainActor private static var running: Task<PostgresServer, any Error>?

    public nonisolated let port: Int
    private let folder: TemporaryFolder
    private var process: ChildProcess?
    private var databases = 0

    /// One for the whole run, for tests that leave it running; it does not outlive the process.
    @MainActor public static func shared() async throws -> PostgresServer {
        let task = running ?? Task { try await PostgresServer() }
        running = task
        return try await task.value
    }

    public init() async throws {
        folder = try TemporaryFolder("postgres", mode: 0o755)
        RunFolders.keep(folder)
        port = try FreePorts.take(1)[0]
        if geteuid() == 0 {
            try await Oracle.check("chown", ["\(Self.ordinaryUser):\(Self.ordinaryUser)", folder.path])
        }
        let data = folder.file("data")
        let make = Self.command(
            "initdb", ["-D", data, "-U", Self.user, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        try await Oracle.check(make[0], Array(make.dropFirst()))
        try await start()
    }

    /// Returns once it answers.
    public func start() async throws {
        // Its durability is PostgreSQL's own affair: the tests end the server in order.
        let started = try ChildProcess.start(
            Self.command(
                "postgres",
                [
                    "-D", folder.file("data"), "-h", "127.0.0.1", "-p", "\(port)", "-k", folder.path,
                    "-c", "max_connections=300", "-c", "fsync=off",
                ]))
        process = started
        let end = ContinuousClock.now + .seconds(30)
        while try await Oracle.run(Self.programs + "pg_isready", ["-h", "127.0.0.1", "-p", "\(port)"]).status
            != .code(0)
        {
            let said = started.errors.pending.joined(separator: "\n")
            guard ContinuousClock.now < end else { throw LoopbackServer.NotReady(description: "postgres: \(said)") }
        }
    }

    /// Ends it with all its connections.
    public func stop() async {
        // SIGINT: "fast shutdown". Its processes are in groups of their own, which only it ends.
        process?.send(signal: SIGINT)
        _ = try? await process?.exit()
        process = nil
    }

    /// A new, empty database: what `--database` takes.
    public func makeDatabase() async throws -> String {
        databases += 1
        let name = "test\(databases)"
        try await query("CREATE DATABASE \(name)", in: "postgres")
        return "postgres://\(Self.user)@127.0.0.1:\(port)/\(name)"
    }

    /// What psql prints, rows without decoration.
    @discardableResult
    public nonisolated func query(_ sql: String, in database: String) async throws -> String {
        let base = "postgres://\(Self.user)@127.0.0.1:\(port)/\(database)"
        let url = database.hasPrefix("postgres://") ? database : base
        return try await Oracle.check("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
    }

    private static func command(_ program: String, _ arguments: [String]) -> [String] {
        let id = "\(ordinaryUser)"
        let wrapper = ["setpriv", "--reuid=\(id)", "--regid=\(id)", "--clear-groups", "--"]
        return (geteuid() == 0 ? wrapper : []) + [programs + program] + arguments
    }
}
