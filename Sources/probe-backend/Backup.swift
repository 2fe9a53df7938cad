import ArgumentParser
import Glibc
import ProbeBackend

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a database to a new file, beside a running backend.",
        discussion: "Of a PostgreSQL database pg_dump does it (custom format, for pg_restore), which must be installed."
    )

    @OptionGroup var options: DatabaseOptions

    @Argument(help: "The file; it must not exist yet.")
    var file: String

    func run() async throws {
        guard SQLStore.isServer(options.database) else {
            return try await orExit("No backup was made") { try SQLiteBackup.copy(options.database, to: file) }
        }
        guard access(file, F_OK) != 0 else {
            Console.error("No backup was made: \(file) exists already")
            throw ExitCode(78)
        }
        // This process becomes pg_dump: its messages and its exit code are the answer.
        let command = ["pg_dump", "--format=custom", "--file=\(file)", "--dbname=\(options.database)"]
        var arguments = command.map { strdup($0) } + [nil]
        execvp("pg_dump", &arguments)
        Console.error("No backup was made: pg_dump cannot be run (\(String(cString: strerror(errno))))")
        throw ExitCode(78)
    }
}
