import ArgumentParser
import Glibc

/// Lines for people and scripts, written at once: whoever waits for "listening on" may read from a pipe.
enum Console {
    static func out(_ line: String) {
        write(line, to: STDOUT_FILENO)
    }

    static func error(_ line: String) {
        write("probe-backend: " + line, to: STDERR_FILENO)
    }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

/// Runs what depends on the configuration; a failure ends the command with one sentence and exit code 78.
func orExit<T>(_ complaint: String, _ body: () async throws -> T) async throws -> T {
    do {
        return try await body()
    } catch let code as ExitCode {
        throw code
    } catch {
        Console.error("\(complaint): \(error)")
        throw ExitCode(78)
    }
}
