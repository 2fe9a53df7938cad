import Foundation
import Logging
import ProbeMetrics
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

struct MetricsTextfileTests {
    /// The number of its making.
    private static func pages() -> @Sendable () -> Exposition {
        let made = Locked(0)
        return {
            let number = made.withLock { count in
                count += 1
                return count
            }
            var page = Exposition()
            for index in 0..<2000 { page.add("metric_\(index)", .gauge, "Help.", number) }
            return page
        }
    }

    /// Whoever reads while it is written anew again and again sees one page or the next, whole.
    @Test func readersSeeWholePages() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.prom")
        try folder.write("old", to: "a.prom")
        let file = try MetricsTextfile(path: path, every: .milliseconds(1), logger: .silent, page: Self.pages())
        try file.start()
        var seen: Set<Substring> = []
        while seen.count < 5 {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            if text == "old" { continue }
            let values = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ")[1] }
            #expect(values.count == 2000 && Set(values).count == 1)
            seen.formUnion(values)
        }
        file.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func aFolderThatIsNotThereIsOneLineOfTheLog() async throws {
        let log = EventLog<LogLine>()
        let logger = Logger(label: "test") { _ in RecordingLog(log) }
        let file = try MetricsTextfile(
            path: "/nowhere/a.prom", every: .milliseconds(1), logger: logger, page: Self.pages())
        try file.start()
        let line = try await log.next("warning") { $0.message == "metrics.file_failed" }
        #expect(line.metadata["file"] == "/nowhere/a.prom" && line.level == .warning)
        file.finish()
        #expect(log.pending.isEmpty)
    }
}
