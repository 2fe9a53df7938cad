import Foundation
import ProbeTesting
import Testing

@testable import ProbeAgent

struct SettingTests {
    @Test func docsShowTheDeclarations() throws {
        let path = Places.testFile("../docs/configuration.md")
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page.contains(Setting.markdownTable), "the table should be:\n\(Setting.markdownTable)")
    }

    @Test func namesAreUnique() {
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        let variables = Setting.all.compactMap(\.variable)
        #expect(Set(variables).count == variables.count)
    }

    /// What the product documents must not change its name.
    @Test func documentedNamesAreThere() {
        let flags = Set(Setting.all.map(\.flag))
        #expect(flags.isSuperset(of: ["--backend", "--uuid", "--key", "--heartbeat", "--verbose"]))
        let variables = Set(Setting.all.compactMap(\.variable))
        #expect(
            variables.isSuperset(of: [
                "PROBEOPS_BACKEND_URL", "PROBEOPS_NODE_UUID", "PROBEOPS_API_KEY", "PROBEOPS_HEARTBEAT_INTERVAL",
                "PROBEOPS_LOG_LEVEL",
            ]))
    }

    @Test(arguments: [
        ("heartbeet", "heartbeat"), ("HEARTBEAT", "heartbeat"), ("key_fil", "key_file"), ("uiud", "uuid"),
        ("max-concurrent", "max_concurrent"), ("colour", nil), ("", nil), ("zzzzzzzz", nil),
    ])
    func suggestsTheNearest(word: String, expected: String?) {
        #expect(Nearest.match(word, among: Setting.all.map(\.key)) == expected)
    }
}
