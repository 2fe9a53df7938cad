import Foundation
import ProbeTesting
import Testing

/// docs/observability.md tells what each event of the log means: all of them, and none that is not there.
struct EventTableTests {
    private static let endings: Set<Substring> = [
        "com", "conf", "example", "json", "log", "ndjson", "prom", "sock", "socket", "yaml", "yml",
    ]

    /// Of OpenTelemetry's names, and of fields of results.
    private static let otherBeginnings: Set<Substring> = ["host", "phases", "probe", "probeops", "service"]

    @Test func thePageHasTheEventsOfTheSources() throws {
        let page = try String(contentsOfFile: Places.testFile("../docs/observability.md"), encoding: .utf8)
        let shown = Set(page.matches(of: /(?m)^\| `([a-z]+\.[a-z_]+)` \|/).map { String($0.1) })
        var used: Set<String> = []
        for folder in ["ProbeAgent", "probe-agent"] {
            let root = Places.testFile("../Sources/\(folder)")
            for file in try #require(FileManager.default.subpaths(atPath: root)) where file.hasSuffix(".swift") {
                let source = try String(contentsOfFile: root + "/" + file, encoding: .utf8)
                // Every word.word in quotes that is not a name of a file or a host is an event's.
                let words = source.matches(of: /"(([a-z]+)\.([a-z_]+))"/)
                used.formUnion(
                    words.filter { !Self.endings.contains($0.3) && !Self.otherBeginnings.contains($0.2) }.map {
                        String($0.1)
                    })
            }
        }
        #expect(used.count > 30 && used == shown, "differ: \(used.symmetricDifference(shown).sorted())")
    }
}
