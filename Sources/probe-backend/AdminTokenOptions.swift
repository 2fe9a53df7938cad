import ArgumentParser
import FoundationEssentials
import ProbeBackend

struct AdminTokenOptions: ParsableArguments {
    private static let variable = "PROBEOPS_ADMIN_TOKEN"
    private static let shortest = 8

    @Option(help: ArgumentHelp("The token that protects /api/v1 (or \(Self.variable)).", valueName: "token"))
    var adminToken: String?

    @Option(help: ArgumentHelp("A file that holds it: other users cannot see it there.", valueName: "file"))
    var adminTokenFile: String?

    func validate() throws {
        guard adminToken == nil || adminTokenFile == nil else {
            throw ValidationError("--admin-token and --admin-token-file exclude each other.")
        }
    }

    /// The token from the flags, else from the environment, else a new one, which is printed.
    func token() async throws -> String {
        guard let given = try await given() else {
            let made = try Secret(prefix: "padm_").text
            Console.out("admin token: \(made)")
            return made
        }
        guard given.utf8.count >= Self.shortest, given.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            Console.error("The admin token must be at least \(Self.shortest) printable characters without spaces.")
            throw ExitCode(78)
        }
        return given
    }

    private func given() async throws -> String? {
        if let adminToken { return adminToken }
        guard let adminTokenFile else { return ProcessInfo.processInfo.environment[Self.variable] }
        let text = try await orExit("The file \(adminTokenFile) cannot be read") {
            String(decoding: try Data(contentsOf: URL(filePath: adminTokenFile)), as: UTF8.self)
        }
        return text.trimmingCharacters(while: \.isWhitespace)
    }
}

extension String {
    fileprivate func trimmingCharacters(while isUnwanted: (Character) -> Bool) -> String {
        let start = drop(while: isUnwanted)
        guard let last = start.lastIndex(where: { !isUnwanted($0) }) else { return "" }
        return String(start[...last])
    }
}
