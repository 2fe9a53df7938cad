import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// docs/watch.md's examples are files that are read, and its tables say what is so.
struct WatchDocumentTests {
    private static let text =
        (try? String(contentsOfFile: Places.testFile("../docs/watch.md"), encoding: .utf8)) ?? ""
    private static let blocks = text.matches(of: /```yaml\n(.*?)```/.dotMatchesNewlines()).map { String($0.1) }

    @Test func theExamplesAreGood() throws {
        try #require(Self.blocks.count == 3)
        let folder = try TemporaryFolder()
        try folder.write(Self.blocks[2], to: "shops.yaml")
        let least = try WatchFile(path: try folder.write(Self.blocks[0], to: "least.yaml"), registry: .builtIn())
        #expect(least.checks.map(\.id) == ["ping 192.0.2.1"])
        let whole = try WatchFile(path: try folder.write(Self.blocks[1], to: "targets.yaml"), registry: .builtIn())
        #expect(whole.checks.count == 12 && whole.outputNames == ["ndjson", "webhook"])
        #expect(whole.checks.contains { $0.id == "www.example.net front page" && $0.thresholds.failAfter == 3 })
        #expect(whole.checks.first?.id == "tls shop.example.com" && whole.checks.first?.labels.count == 1)
    }

    @Test func theBoundsAreThose() {
        #expect(Self.text.contains("20,000\nchecks, 2,000 starts a second and 100 files"))
        #expect(WatchFile.mostChecks == 20_000 && WatchFile.fastest == 2000 && WatchFile.mostFiles == 100)
        #expect(YAMLFile.sizeLimit == 1 << 20 && CheckOptions.defaultEvery == .seconds(60))
        #expect(WebhookOutput.mostWaiting == 1000)
        #expect(Self.text.contains("50,000 results wait") && HistoryOutput.mostWaiting == 50_000)
    }

    private static let figures =
        (try? String(contentsOfFile: Places.testFile("../docs/prometheus.md"), encoding: .utf8)) ?? ""

    @Test func theOutputsOfFiguresAreGood() throws {
        let blocks = Self.figures.matches(of: /```yaml\n(outputs:.*?)```/.dotMatchesNewlines()).map { String($0.1) }
        try #require(blocks.count == 3)
        let folder = try TemporaryFolder()
        for block in blocks {
            let path = try folder.write("checks: [{tool: ping, target: 192.0.2.1}]\n" + block, to: "w.yaml")
            #expect(try WatchFile(path: path, registry: .builtIn()).outputs.count == 1)
        }
    }

    @Test func theTableOfFiguresIsTheirs() {
        let rows = Self.figures.split(separator: "\n").filter { $0.hasPrefix("| `probe") }.map(String.init)
        #expect(
            rows
                == WatchMetric.allCases.map(\.definition).map {
                    "| `\($0.exposedName)` | \($0.isCounter ? "counter" : "gauge") | \($0.help) |"
                })
        for module in ProbeModule.builtIn { #expect(Self.figures.contains("`\(module.name)`")) }
    }
}
