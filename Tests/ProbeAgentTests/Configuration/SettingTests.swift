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

/// What a reload may change is written down twice: for the program, and for people.
struct ReloadableSettingTests {
    @Test func docsNameThem() throws {
        let page = try String(contentsOfFile: Places.testFile("../docs/configuration.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "\n## ").first { $0.hasPrefix("Reload\n") })
        for setting in Setting.all {
            #expect(section.contains("`\(setting.key)`") == setting.isReloadable, "\(setting.key)")
        }
    }

    @Test func changesAreToldApart() throws {
        let folder = try TemporaryFolder("changes")
        let flags = [
            "config": folder.file("f"), "backend": "http://127.0.0.1", "uuid": "n", "key": "k", "queue-limit": "5",
        ]
        func load(_ text: String) throws -> LoadedConfiguration {
            try folder.write(text, to: "f")
            return try ConfigurationLoader(flags: flags, environment: [:]).load()
        }
        let old = try load("max_concurrent: 3\nheartbeat: 9s\n")
        let same = old.changes(to: try load("heartbeat: 9s\nmax_concurrent: 3\n"))
        #expect(same.reloadable.isEmpty && same.fixed.isEmpty)
        // A flag beats the file, now as before.
        let changes = old.changes(to: try load("deny: 10.0.0.0/8\nheartbeat: 10s\nqueue_limit: 7\n"))
        #expect(changes.reloadable == ["max-concurrent", "deny"] && changes.fixed == ["heartbeat"])
    }
}
