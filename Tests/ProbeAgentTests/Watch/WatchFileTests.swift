import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Tests/testdata/watch holds bad files, whose first line says on which line the refusal must be and a part of the
/// sentence, and good ones, whose first line says how many checks they make.
struct WatchFileTests {
    private static let folder = Places.testFile("testdata/watch")
    private static let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    static let invalid = files.filter { $0.hasPrefix("invalid-") }
    static let valid = files.filter { $0.hasPrefix("valid-") }

    @Test func thereAreFiles() { #expect(Self.invalid.count >= 40 && Self.valid.count >= 4) }

    private func firstLine(_ path: String) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return String(decoding: data.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    @Test(arguments: invalid)
    func refusesWithLineAndReason(name: String) throws {
        let path = Self.folder + "/" + name
        let expectation = try #require(try firstLine(path).wholeMatch(of: /# expect: (\d+): (.+)/))
        do {
            _ = try WatchFile(path: path, registry: .builtIn())
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix("\(path):\(expectation.1): "), "\(error)")
            #expect(error.description.contains(expectation.2), "\(error)")
        }
    }

    @Test(arguments: valid)
    func readsGoodFiles(name: String) throws {
        let path = Self.folder + "/" + name
        let count = try #require(try firstLine(path).wholeMatch(of: /# checks: (\d+)/)).1
        let file = try WatchFile(path: path, registry: .builtIn())
        #expect("\(file.checks.count)" == count, "\(file.checks.map(\.id))")
    }

    private func file(_ name: String) throws -> [String: Check] {
        let checks = try WatchFile(path: "\(Self.folder)/valid-\(name).yaml", registry: .builtIn()).checks
        return Dictionary(uniqueKeysWithValues: checks.map { ($0.id, $0) })
    }

    @Test func multipliesTargetsToolsAndParameters() throws {
        let checks = try file("products")
        #expect(
            Set(checks.keys) == [
                "ping 192.0.2.1", "ping 192.0.2.2", "tcp 192.0.2.1 #1", "tcp 192.0.2.1 #2", "tcp 192.0.2.2 #1",
                "tcp 192.0.2.2 #2", "site", "zone dns example.com #1", "zone dns example.com #2",
                "zone dns example.com #3",
            ])
        let second = try #require(checks["tcp 192.0.2.1 #2"])
        #expect(second.parameters == [.init("port", .integer(443))] && second.group == "core")
        #expect(second.labels == [.init(name: "rack", value: "7"), .init(name: "site", value: "home")])
        #expect(second.timing.every == .seconds(30) && second.place.hasSuffix("valid-products.yaml:3"))
        #expect(checks["site"]?.timing.every == CheckOptions.defaultEvery)
    }

    @Test func templatesFillTheirHostsIn() throws {
        let checks = try file("templates")
        let page = try #require(checks["a.example front page"])
        #expect(page.target == "https://a.example/")
        #expect(page.parameters == [.init("headers", .object([.init("Host", .string("a.example"))]))])
        // The nearest word counts: the check, its template, the defaults.
        #expect(page.timing.every == .seconds(20) && checks["ping a.example"]?.timing.every == .seconds(10))
        #expect(page.timing.jitter == .seconds(2) && page.timing.timeout == .seconds(5))
        #expect(page.thresholds == .init(failAfter: 3, recoverAfter: 2))
        #expect(page.timing.windows.count == 2 && checks["ping 192.0.2.9"]?.timing.windows.isEmpty == true)
        #expect(page.group == "shop" && checks["ping 192.0.2.9"]?.labels.first?.value == "home")
    }

    @Test func includedFilesInheritDefaultsAndGiveTemplates() throws {
        let checks = try file("include")
        #expect(checks["ping 192.0.2.5"]?.group == "part" && checks["ping 192.0.2.1"]?.group == "all")
        #expect(checks["ping 192.0.2.5"]?.timing.every == .seconds(15) && checks["ping a.example"] != nil)
        #expect(checks["ping 192.0.2.5"]?.place.hasSuffix("watch/parts/included.yaml:7") == true)
    }

    @Test func pathsAreRelativeToTheFile() throws {
        let file = try WatchFile(path: Self.folder + "/valid-include.yaml", registry: .builtIn())
        #expect(file.hardeningPaths == HardeningPaths(read: [Self.folder], write: [Self.folder + "/out"]))
        #expect(file.outputNames == ["ndjson", "webhook"])
    }

    /// What a run may take must end before the next: a target that hangs is measured each time all the same.
    @Test func theTimeoutIsShorterThanTheInterval() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("checks: [{tool: traceroute, target: 192.0.2.1, every: 10s}]", to: "w.yaml")
        let check = try #require(try WatchFile(path: path, registry: .builtIn()).checks.first)
        #expect(check.timing.timeout == .seconds(9))
    }

    @Test func refusesFilesThatAreTooLarge() throws {
        let folder = try TemporaryFolder()
        let large = try folder.write("# " + String(repeating: "x", count: YAMLFile.sizeLimit), to: "large.yaml")
        let hosts = (0...WatchFile.mostHosts).map { "h\($0).example" }.joined(separator: ", ")
        let many = try folder.write("checks: [{tool: ping, targets: [\(hosts)]}]", to: "many.yaml")
        for path in [large, many] {
            #expect(throws: ConfigurationError.self) { try WatchFile(path: path, registry: .builtIn()) }
        }
        for level in 0...WatchFile.deepestInclude {
            try folder.write("include: [deep\(level + 1).yaml]", to: "deep\(level).yaml")
        }
        #expect(
            throws: ConfigurationError("\(folder.path)/deep7.yaml:1: files include each other over more than 8 levels.")
        ) {
            try WatchFile(path: folder.file("deep0.yaml"), registry: .builtIn())
        }
    }

    @Test(.timeLimit(.minutes(2))) func twentyThousandChecksAreRead() throws {
        let folder = try TemporaryFolder()
        let hosts = (0..<WatchFile.mostHosts).map { "h\($0).example" }.joined(separator: ", ")
        let path = try folder.write(
            "checks: [{tools: {ping: {count: 1}, tcp: {port: 22}}, every: 60s, targets: [\(hosts)]}]", to: "w.yaml")
        #expect(try WatchFile(path: path, registry: .builtIn()).checks.count == WatchFile.mostChecks)
    }

    private func refusal(_ text: String, _ folder: TemporaryFolder) throws -> String? {
        let path = try folder.write(text, to: "w.yaml")
        do {
            _ = try WatchFile(path: path, registry: .builtIn())
            return nil
        } catch { return error.description.replacing(path, with: "w.yaml") }
    }

    /// Lines may end as Windows has them.
    @Test(.timeLimit(.minutes(1))) func linesAreCountedAndAliasesFoundWithCRLFToo() throws {
        let folder = try TemporaryFolder()
        var bomb = "a0: &a0 [x, x]\r\n"
        for level in 1...60 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\r\n" }
        #expect(try refusal(bomb + "? *a60\r\n: {}\r\n", folder)?.hasPrefix("w.yaml:2: aliases (*name)") == true)
        #expect(
            try refusal("checks:\r\n  - tool: ping\r\n    target: a.example\r\n    tool: tcp\r\n", folder)
                == "w.yaml:4: \"tool\" is set twice.")
    }

    /// "{host}" belongs to templates; elsewhere it is a text.
    @Test func placeholdersOutsideOfTemplatesAreLeftAlone() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            """
            checks:
              - {tool: http, target: "https://a.example/", name: "one {host}", group: "g {host}",
                 labels: {of: "{host}"}, parameters: {headers: {X-Of: "{host}"}}}
            """, to: "w.yaml")
        let check = try #require(try WatchFile(path: path, registry: .builtIn()).checks.first)
        #expect(check.id == "one {host}" && check.group == "g {host}" && check.labels.first?.value == "{host}")
        #expect(check.parameters == [.init("headers", .object([.init("X-Of", .string("{host}"))]))])
    }

    /// What a host is put into obeys the rules of what is written.
    @Test(arguments: ["name: \"{host}\"", "group: \"{host}\"", "labels: {of: \"{host}\"}"])
    func filledTextsAreCheckedAsWrittenOnes(_ field: String) throws {
        let folder = try TemporaryFolder()
        for (host, isGood) in [("a.example", true), ("\\0a.example", false), ("a\\nb", false)] {
            let sentence = try refusal(
                """
                templates: {t: [{tool: tls, target: a.example, \(field)}]}
                checks: [{template: t,
                  hosts: ["\(host)"]}]
                """, folder)
            #expect((sentence == nil) == isGood, "\(host): \(sentence ?? "accepted")")
            if let sentence {
                #expect(sentence.hasPrefix("w.yaml:3: with this host "), "\(sentence)")
                #expect(sentence.contains("must be a text of 1 to 128 bytes without control characters"))
            }
        }
    }

    /// By whatever name.
    @Test func anOutputHasAFileOfItsOwn() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "there")
        #expect(link(folder.file("there"), folder.file("linked")) == 0)
        let checks = "checks: [{tool: ping, target: 192.0.2.1}]\n"
        func outputs(_ list: String) throws -> String? { try refusal(checks + "outputs: [\(list)]\n", folder) }
        #expect(
            try outputs("{ndjson: {file: w.yaml}}")?.hasSuffix(
                "w.yaml is a file of checks: an output must have a file of its own.") == true)
        #expect(try outputs("{ndjson: {file: new}}, {ndjson: {file: ./new}}")?.hasPrefix("w.yaml:2: ") == true)
        #expect(try outputs("{ndjson: {file: there}}, {ndjson: {file: linked}}")?.contains("another output's") == true)
        #expect(try outputs("{sqlite: {file: new.db}}, {ndjson: {file: new.db}}")?.contains("another output's") == true)
        #expect(try outputs("{ndjson: {file: one}}, {ndjson: {file: two}}, {ndjson: {file: /dev/null}}") == nil)
    }

    @Test(arguments: [
        ("http://c:4318", "http://c:4318/v1/metrics"), ("http://c/x/", "http://c/x/v1/metrics"),
        ("http://c/v1/metrics", "http://c/v1/metrics"), ("https://c/x?key=a/b", "https://c/x/v1/metrics?key=a/b"),
        ("https://c/v1/metrics?key=1", "https://c/v1/metrics?key=1"), ("https://c?key=1", "https://c/v1/metrics?key=1"),
    ])
    func thePathGoesBeforeAQuery(_ url: String, _ endpoint: String) { #expect(OTLPPlan.endpoint(url) == endpoint) }
}
