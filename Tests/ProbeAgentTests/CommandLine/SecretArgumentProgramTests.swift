import Foundation
import ProbeTesting
import Testing

/// `--key` on a command line: gone from the process's arguments at once, never in its log.
struct SecretArgumentProgramTests {
    private static let key = "pnode_5ecret-key-of-the-test"

    /// The process waits for the writer of a FIFO that is its config file, so its arguments can be looked at while it
    /// certainly still starts.
    @Test(arguments: [["--key", key], ["--key=" + key]])
    func isBlankedBeforeAnythingElse(words: [String]) async throws {
        let folder = try TemporaryFolder()
        let fifo = folder.file("node.yaml")
        #expect(mkfifo(fifo, 0o600) == 0)
        let process = try ChildProcess.start(
            Places.product("probe-agent"), ["--config", fifo, "--uuid", "visible"] + words,
            environment: ["PATH": "/bin"])
        // Opening it for writing returns once the process has opened it for reading, after parsing its arguments.
        try await Task.detached {
            let pipe = open(fifo, O_WRONLY)
            defer { close(pipe) }
            let arguments = try String(
                decoding: Data(contentsOf: URL(fileURLWithPath: "/proc/\(process.pid)/cmdline")), as: UTF8.self)
            #expect(arguments.contains("visible"))
            #expect(!arguments.contains("5ecret"), "\(arguments)")
            _ = "heartbeat: never\n".withCString { write(pipe, $0, strlen($0)) }
        }.value
        #expect(try await process.exit() == .code(78))
        try await process.errors.finished()
        #expect(!process.errors.pending.contains { $0.contains("5ecret") })
    }

    @Test func isNotInAnyMessage() async throws {
        let node = ["--uuid", "n", "--key", Self.key, "--verbose"]
        for wrong in [["--backend", "ftp://x"], ["--backend", "http://localhost:1", "--heartbeat", "x"], ["--xyzzy"]] {
            let result = try await UsageProgramTests.run(node + wrong)
            #expect(!result.isSuccess)
            #expect(!(result.output + result.errors).contains("5ecret"))
        }
        let bad = try await UsageProgramTests.run([
            "--backend", "http://localhost:1", "--uuid", "n", "--key", "5ecret word",
        ])
        #expect(bad.status == .code(78) && !bad.errors.contains("5ecret"))
    }
}
