import Foundation
import ProbeTesting
import Testing

/// The commands that pages tell their readers to run, run as they stand. `make quickstart-test` does the same with packages, in
/// a fresh Debian.
@Suite(.timeLimit(.minutes(5)))
struct QuickstartProgramTests {
    /// In a network of its own, so that the page's port is free. With a /proc of its own too: libdispatch reads
    /// /proc/TID/stat of its threads, and traps when that is somebody else's.
    @Test(.enabled("a network namespace needs root") { geteuid() == 0 })
    func byHandEndsWithARegisteredNode() async throws {
        let folder = try TemporaryFolder("quickstart")
        let commands = try await Self.commands(of: "docs/quickstart.md", below: "By hand")
        let script = "set -euxo pipefail\nip link set lo up\ncd '\(folder.path)'\n\(commands)"
        let result = try await Oracle.run(
            "unshare",
            ["--net", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", folder.write(script, to: "script")],
            environment: ["PATH": Places.products + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder.path],
            within: .seconds(240))
        #expect(result.isSuccess, "\(result.output)\(result.errors)")
        #expect(result.output.contains("\tonline\t"), "\(result.output)")
        #expect(result.output.contains("denied, as it should be"))
        #expect(FileManager.default.fileExists(atPath: folder.file("node/identity.json")))
    }

    /// README.md shows sessions: `$ ` before what is typed.
    @Test func whatTheREADMEShowsWorks() async throws {
        let text = try String(contentsOfFile: DeployScript.repository + "/README.md", encoding: .utf8)
        let typed = text.matches(of: #/(?m)^\$ (.*)$/#).map { String($0.1) }
        #expect(!typed.isEmpty)
        for command in typed {
            let result = try await Oracle.run(
                "bash", ["-c", command], environment: ["PATH": Places.products + ":/usr/sbin:/usr/bin:/sbin:/bin"])
            #expect(result.isSuccess, "\(command): \(result.output)\(result.errors)")
        }
    }

    /// Settings, commands and make targets that pages name exist.
    @Test func everyMakeTargetThatPagesNameExists() throws {
        let makefile = try String(contentsOfFile: DeployScript.repository + "/Makefile", encoding: .utf8)
        for page in Page.all {
            let text = try String(contentsOfFile: page.file, encoding: .utf8)
            for found in text.matches(of: #/(?m)(?:^|`)(?:sudo )?make ([a-z][a-z-]+)/#) {
                #expect(makefile.contains("\n\(found.1):"), "\(page.path) names make \(found.1)")
            }
        }
    }

    private static func commands(of page: String, below heading: String) async throws -> String {
        try await Oracle.check(
            DeployScript.repository + "/scripts/page-commands.sh", [DeployScript.repository + "/" + page, heading])
    }
}
