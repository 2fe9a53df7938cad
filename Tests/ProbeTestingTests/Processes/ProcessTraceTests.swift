import ProbeTesting
import Testing

@Suite struct ProcessTraceTests {
    @Test func seesProcessesProgramsAndThreads() async throws {
        let forks = try await ProcessTrace(["sh", "-c", "(true); /bin/true; exit 3"]).report()
        #expect(forks.processes.count >= 1)
        #expect(forks.programs.count == 1)

        let threads = """
            import threading
            for _ in range(3): threading.Thread(target=print).start()
            """
        let trace = try ProcessTrace(["/usr/bin/python3", "-c", threads])
        let report = try await trace.report()
        #expect(try await trace.process.exit() == .code(0))
        #expect(report.threads == 3)
        #expect(report.processes == [])
        #expect(report.programs == [])
    }

    @Test func theProcessIsTheProgram() async throws {
        let trace = try ProcessTrace(["sh", "-c", "trap 'exit 5' USR1; echo ready; while :; do :; done"])
        _ = try await trace.process.output.next("ready")
        trace.process.send(signal: 10)
        #expect(try await trace.process.exit() == .code(5))
        #expect(try await trace.report().programs == [])
    }
}
