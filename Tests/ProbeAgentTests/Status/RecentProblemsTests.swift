import Logging
import ProbeTesting
import Testing

@testable import ProbeAgent

struct RecentProblemsTests {
    private let time = ManualTime()

    @Test func theLastOnesWithoutRepetition() throws {
        // Not started: what it is given is not written.
        let output = try LogOutput(descriptor: 2, format: .logfmt, level: .info)
        let problems = RecentProblems(time: time)
        let logger = Logger(label: "t") { _ in
            ProblemLogHandler(LineLogHandler(output), problems: problems)
        }
        logger.info("fine")
        for number in 0..<40 { logger.warning("event", metadata: ["reason": "r\(number % 20)", "error_code": "c"]) }
        #expect(problems.all.map(\.reason) == (4..<20).map { "r\($0)" })
        time.advance(by: .seconds(1))
        logger.error("event", metadata: ["reason": "r4"])
        let last = problems.all.last
        #expect(last?.reason == "r4" && last?.isError == true && last?.at == time.wallTime)
        #expect(problems.all.count == RecentProblems.capacity)
    }
}
