import ArgumentParser
import ProbeBackend

struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An SQLite file, made when missing, or postgres://USER@HOST/NAME for several backends.",
            valueName: "file|url"))
    var database: String

    func open() async throws -> SQLStore {
        // A URL may hold a password.
        let name = SQLStore.isServer(database) ? "" : " \(database)"
        return try await orExit("The database\(name) cannot be used") { try await SQLStore.open(database) }
    }
}
