import ArgumentParser
import ProbeBackend

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a database's schema up to date.",
        discussion: "serve does it too; this is for who wants it done before.")

    @OptionGroup var options: DatabaseOptions

    func run() async throws {
        _ = try await options.open()
        Console.out("the schema is up to date")
    }
}
