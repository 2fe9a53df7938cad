import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent
@testable import probe_agent

/// The page as a browser gets it: read by Python's parser, and looked at by Chromium (Tests/Peers/report_page.py).
struct HistoryPageTests {
    private typealias Bench = HistoryBench
    static let hostile = #"</h3><script>alert(1)</script><img src=x onerror="alert(2)">'&"# + "\u{202e}\u{7}"

    static func page(_ folder: TemporaryFolder) throws -> String {
        let bench = try Bench()
        var rows = Bench.threeDays()
        for index in Int64(0)..<72 {
            let at = index * Bench.hour + 7
            rows.append(
                Bench.row(
                    hostile, at: at, index % 5 == 0 ? .failed : .ok, code: index % 5 == 0 ? "timeout" : "",
                    latency: 100_000 * index))
            rows.append(Bench.row("down", at: at + 1, .failed, code: "connection_refused"))
            rows.append(
                Bench.row(
                    "a-name-without-a-single-space-that-is-longer-than-a-phone-is-wide-and-goes-on-and-on", at: at + 2,
                    latency: 3))
            rows.append(Bench.row("denied", at: at + 3, .unmeasured, code: "policy_denied"))
        }
        try bench.store.write(rows.sorted { $0.time < $1.time })
        try bench.maintain(at: 72 * Bench.hour)
        let page = HistoryPage.render(try bench.report(from: 0, to: 72 * Bench.hour))
        return try folder.write(page, to: "report.html")
    }

    /// What stands beside a sign can make one `Character` of both; a browser reads scalars.
    @Test func signsAreEscapedWhateverStandsBesideThem() {
        #expect(
            HistoryPage.escape("\u{600}<b\"\u{301}>\u{338}&\u{200d}'\u{fe0f}")
                == "\u{600}&lt;b&quot;\u{301}&gt;\u{338}&amp;\u{200d}&#39;\u{fe0f}")
    }

    @Test func itIsWellFormedAndAsksForNothing() async throws {
        let folder = try TemporaryFolder()
        let path = try Self.page(folder)
        let read = try await Oracle.run("/usr/bin/python3", [Places.testFile("Peers/report_page.py"), "parse", path])
        #expect(read.isSuccess, "\(read.errors)")
        let seen = try JSONValue(parsing: read.output)
        #expect(
            seen["unclosed"]?.array == [] && seen["outside"]?.array == [] && seen["scripts"]?.int == 0, "\(seen.text)")
        #expect(seen["handlers"]?.int == 0 && (seen["svg_without_name"]?.int ?? -1) == 0)
        let headings = seen["h3"]?.array?.compactMap(\.string) ?? []
        #expect(headings.first == "down" && headings.count == 7)
        #expect(
            headings.contains(#"</h3><script>alert(1)</script><img src=x onerror="alert(2)">'&\u{202e}\u{7}"#),
            "\(headings)")
        // Each number that is drawn is also said.
        #expect(seen["rows"]?.array?.contains("flaky") == true && seen["rows"]?.array?.contains("denied") == true)
    }

    @Test(.enabled(if: ReportBrowser.isAvailable, "\(ReportBrowser.unavailableReason)"), .timeLimit(.minutes(3)))
    func itIsLookedAt() async throws {
        let folder = try TemporaryFolder()
        let path = try Self.page(folder)
        let artefacts = Places.testFile("../.build/artefacts/report")
        try FileManager.default.createDirectory(atPath: artefacts, withIntermediateDirectories: true)
        let run = try await Oracle.run(
            "/usr/bin/python3", [Places.testFile("Peers/report_page.py"), "look", path, artefacts],
            within: .seconds(150))
        #expect(run.isSuccess && run.lines.last == "all well", "\(run.output)\n\(run.errors)")
    }
}

enum ReportBrowser {
    static let unavailableReason = missing.isEmpty ? "" : "Chromium cannot be driven here: \(missing) is missing"
    static var isAvailable: Bool { unavailableReason.isEmpty }
    private static let missing = [
        "/usr/bin/chromium", "/usr/bin/chromedriver", "/usr/lib/python3/dist-packages/selenium/__init__.py",
    ].filter { !FileManager.default.fileExists(atPath: $0) }.joined(separator: ", ")
}
