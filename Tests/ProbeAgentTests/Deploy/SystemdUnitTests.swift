import Foundation
import ProbeTesting
import Testing

@testable import ProbeAgent

/// The units as systemd reads them; docs/systemd.md says what each part is for.
@Suite(.enabled("systemd-analyze is not here", { Unit.canBeAnalyzed }))
struct SystemdUnitTests {
    @Test(arguments: Unit.names)
    func verifyHasNothingToSay(name: String) async throws {
        let result = try await Unit(name).analyze("verify", "--man=no")
        #expect(result.isSuccess)
        #expect(result.errors == "" && result.output == "")
    }

    /// systemd-analyze returns 0 for what it only warns of, so the check above must see its words.
    @Test(arguments: [("WatchdogSec=30", "WatchdogSec=soon"), ("ProtectClock=yes", "ProtectClok=yes")])
    func aBadLineIsSeen(good: String, bad: String) async throws {
        let unit = try Unit("probe-agent") { $0.replacingOccurrences(of: good, with: bad) }
        #expect(try await unit.analyze("verify", "--man=no").errors != "")
    }

    @Test(arguments: Unit.names)
    func exposureIsBelowTwo(name: String) async throws {
        let result = try await Unit(name).analyze("security", "--offline=true", "--no-pager")
        let words = try #require(result.lines.first { $0.contains("Overall exposure level") }).split(separator: " ")
        let exposure = try #require(words.compactMap { Double($0) }.first)
        #expect(exposure < 2.0)
    }

    /// What systemd sets in the environment is what the node reads.
    @Test func theNodesVariablesExist() throws {
        let known = Set(Setting.all.compactMap(\.variable))
        for text in [try Unit.text("probe-agent.service"), try Unit.text("probe-agent.env")] {
            let names = text.matches(of: #/(PROBEOPS_[A-Z_]+)=/#).map { String($0.1) }
            #expect(!names.isEmpty)
            for name in names { #expect(known.contains(name), "\(name)") }
        }
    }

    /// Exit codes after which trying again changes nothing (docs/configuration.md).
    @Test(arguments: Unit.names)
    func wrongConfigurationIsNotTriedAgain(name: String) throws {
        let lines = try Unit.text(name + ".service").split(separator: "\n")
        #expect(lines.contains("RestartPreventExitStatus=64 78"))
        #expect(lines.contains("Restart=always"))
    }
}

/// A unit with a program that exists, as `systemd-analyze verify` wants one.
private struct Unit {
    static let names = ["probe-agent", "probe-backend"]
    static var canBeAnalyzed: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") }

    let folder: TemporaryFolder
    private let file: String

    init(_ name: String, change: (String) -> String = { $0 }) throws {
        folder = try TemporaryFolder("unit")
        let text = try Self.text(name + ".service").replacingOccurrences(of: "/usr/bin/\(name)", with: "/bin/true")
        file = try folder.write(change(text), to: name + ".service")
    }

    static func text(_ file: String) throws -> String {
        try String(contentsOfFile: DeployScript.repository + "/deploy/systemd/\(file)", encoding: .utf8)
    }

    func analyze(_ verb: String, _ options: String...) async throws -> Oracle.Result {
        try await Oracle.run(
            "systemd-analyze", [verb] + options + [file], environment: ["PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"])
    }
}
