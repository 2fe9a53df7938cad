import Foundation
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Tests/testdata/configuration holds one bad file a rule; its first line says on which line the refusal must be, and a
/// part of the sentence.
struct ConfigurationFileTests {
    private static let folder = Places.testFile("testdata/configuration")
    static let badFiles = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    @Test func thereAreBadFiles() { #expect(Self.badFiles.count >= 30) }

    @Test(arguments: badFiles)
    func refusesWithLineAndReason(name: String) throws {
        let path = Self.folder + "/" + name
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let firstLine = String(decoding: data.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let expectation = try #require(firstLine.wholeMatch(of: /# expect (\d+|-): (.+)/))
        let place = expectation.1 == "-" ? path : "\(path):\(expectation.1): "
        let loader = ConfigurationLoader(flags: ["config": path], environment: [:])
        do {
            _ = try loader.load()
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(place), "\(error)")
            #expect(error.description.contains(expectation.2), "\(error)")
            #expect(!error.description.contains("my secret words"))
        }
    }

    @Test func readsAllSettingsAtOnce() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            """
            # a node
            backend: http://localhost:8000
            uuid: 11111111-2222-3333-4444-555555555555
            key: "0123"     # a key that looks like a number stays a text
            heartbeat: 20
            allow_plaintext: no
            ca_file:        # nothing: not set
            hostname: ~
            """, to: "node.yaml")
        let loaded = try ConfigurationLoader(flags: [:], environment: ["PROBEOPS_CONFIG": path]).load()
        #expect(loaded.configuration.apiKey.revealed == "0123")
        #expect(loaded.configuration.heartbeat == .seconds(20))
        #expect(loaded.configuration.caFile == nil)
        #expect(loaded.configuration.hostname == Startup.hostname)
    }

    @Test(arguments: ["", "# only a comment\n", "---\n"])
    func anEmptyFileSetsNothing(text: String) throws {
        let folder = try TemporaryFolder()
        let flags = [
            "backend": "http://localhost:1", "uuid": "n", "key": "k", "config": try folder.write(text, to: "c"),
        ]
        #expect(try ConfigurationLoader(flags: flags, environment: [:]).load().configuration.nodeUUID == "n")
    }

    @Test(arguments: ["/nonexistent/node.yaml", "/etc"])
    func refusesAFileThatIsNone(path: String) {
        #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(flags: ["config": path], environment: [:]).load()
        }
    }
}
