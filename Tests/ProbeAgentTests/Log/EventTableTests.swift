import Foundation
import ProbeTesting
import Testing

/// docs/observability.md tells what each event of the log means: all of them, and none that is not there.
struct EventTableTests {
    @Test func thePageHasTheEventsOfTheSources() throws {
        let page = try String(contentsOfFile: Places.testFile("../docs/observability.md"), encoding: .utf8)
        let shown = Set(page.matches(of: /(?m)^\| `([a-z]+\.[a-z_]+)` \|/).map { String($0.1) })
        var used: Set<String> = []
        for folder in ["ProbeAgent", "probe-agent"] {
            let root = Places.testFile("../Sources/\(folder)")
            for file in try #require(FileManager.default.subpaths(atPath: root)) where file.hasSuffix(".swift") {
                let source = try String(contentsOfFile: root + "/" + file, encoding: .utf8)
                // What is given to a logger, also by way of `complain`, and either side of a choice.
                let calls = source.matches(
                    of:
                        /(?:logger\.(?:log|trace|debug|info|notice|warning|error|critical)|complain)\(([^\[\]]*?)(?:metadata:|\)\n|, )/
                )
                for call in calls {
                    used.formUnion(call.1.matches(of: /"([a-z]+\.[a-z_]+)"/).map { String($0.1) })
                }
                used.formUnion(
                    source.matches(of: /"((?:agent|audit|job|jobs|message|metrics|outbox|session)\.[a-z_]+)"/)
                        .map { String($0.1) })
            }
        }
        #expect(used.count > 30 && used == shown, "differ: \(used.symmetricDifference(shown).sorted())")
    }
}
