import Foundation
import Glibc
import Logging
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct LogOutputTests {
    private static let time = ManualTime()

    @Test func eventsAreLinesInOrder() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log")
        let file = FileDescriptor(owning: open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600))
        let output = try LogOutput(descriptor: file.number, format: .logfmt, level: .info, time: Self.time)
        var logger = Logger(label: "test") { _ in LineLogHandler(output) }
        logger[metadataKey: "node"] = "n1"
        logger.info("agent.before")
        try output.start()
        logger.warning("agent.b", metadata: ["z": "1", "a": "two words", "level": "forged"])
        let stamp = Self.time.wallTime.iso8601
        output.finish()
        let lines = try String(contentsOfFile: path, encoding: .utf8)
        #expect(
            lines == """
                time=\(stamp) level=info event=agent.before node=n1
                time=\(stamp) level=warning event=agent.b a="two words" level_=forged node=n1 z=1

                """)
        #expect(output.lost == 0)
    }

    @Test func oneLevelForAllLoggersAndNothingIsMadeBelowIt() throws {
        let output = try LogOutput(descriptor: -1, format: .json, level: .info)
        let first = Logger(label: "a") { _ in LineLogHandler(output) }
        var second = first
        func never() -> Logger.Metadata.Value {
            Issue.record("a line that is not wanted was made")
            return ""
        }
        first.debug("job.finished", metadata: ["request_id": never()])
        second.logLevel = .debug
        #expect(first.logLevel == .debug && output.level == .debug)
        output.level = .error
        first.warning("x", metadata: ["y": never()])
    }
}
