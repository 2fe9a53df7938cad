/// Runs a program to its end: the real tools that check our numbers (dig, curl, fping, openssl).
public enum Oracle {
    public struct Result: Sendable {
        public let status: ExitStatus
        public let output: String
        public let errors: String

        public var isSuccess: Bool { status == .code(0) }
        public var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// The program ended with something else than 0.
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameter executable: absolute path, or a name looked up on PATH.
    public static func run(
        _ executable: String, _ arguments: [String] = [], input: String? = nil,
        environment: [String: String]? = nil, within limit: Duration = .seconds(60)
    ) async throws -> Result {
        let process = try ChildProcess.start(executable, arguments, environment: environment)
        if let input { process.write(line: input) }
        process.closeInput()
        do {
            let status = try await process.exit(within: limit)
            return Result(
                status: status, output: try await rest(of: process.output), errors: try await rest(of: process.errors))
        } catch {
            await process.stop(signal: 9)
            throw error
        }
    }

    /// The same, for a tool that must succeed.
    @discardableResult
    public static func check(
        _ executable: String, _ arguments: [String] = [], input: String? = nil, within limit: Duration = .seconds(60)
    ) async throws -> String {
        let result = try await run(executable, arguments, input: input, within: limit)
        guard result.isSuccess else {
            let command = ([executable] + arguments).joined(separator: " ")
            throw Failed(description: "\(command): \(result.status) \(result.output) \(result.errors)")
        }
        return result.output
    }

    /// A pipe may still hold lines when the process has ended.
    private static func rest(of log: EventLog<String>) async throws -> String {
        try await log.finished(within: .seconds(10))
        return log.pending.map { $0 + "\n" }.joined()
    }
}
