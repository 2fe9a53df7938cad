import ProbeTesting
import Testing

@Suite struct ChildProcessTests {
    @Test func linesStatusAndInputPassThrough() async throws {
        let result = try await Oracle.run("sh", ["-c", "read x; echo \"$x\"; echo bad >&2; exit 3"], input: "hello")
        #expect(result.status == .code(3))
        #expect(result.output == "hello\n")
        #expect(result.errors == "bad\n")
    }

    @Test func aProgramThatIsNotThereIsAnError() async throws {
        await #expect(throws: (any Error).self) { try await Oracle.run("/nonexistent/program") }
        await #expect(throws: Oracle.Failed.self) { try await Oracle.check("false") }
    }

    @Test func stopReachesChildrenAndProgramsThatIgnoreTheSignal() async throws {
        let process = try ChildProcess.start(
            "sh", ["-c", "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"])
        let grandchild = try await process.output.next("pid")
        #expect(await process.stop(patience: .milliseconds(100)) == .signal(9))
        try await expectGone(grandchild)
    }

    @Test func whatAProgramLeavesBehindGoesWithIt() async throws {
        let result = try await Oracle.run("sh", ["-c", "sleep 1000 >/dev/null 2>&1 & echo $!"])
        try await expectGone(String(result.output.dropLast()))
    }

    /// Ended, whether or not its new parent has looked at it yet (state Z).
    private func expectGone(_ pid: String) async throws {
        let loop = "while grep -q '^State:[[:space:]]*[A-WYa-z]' /proc/\(pid)/status; do sleep 0.01; done 2>/dev/null"
        _ = try await Oracle.run("sh", ["-c", loop], within: .seconds(10))
    }
}
