import Foundation
import ProbeTesting
import Testing

/// The dashboard in a real Chromium, with the built backend and two built nodes (dashboard.py says what is done).
@Suite(
    .enabled(if: Chromium.isAvailable, "\(Chromium.unavailableReason)"), .timeLimit(.minutes(10)))
struct DashboardProgramTests {
    private static let adminToken = "a-token-for-the-dashboard"

    @Test func isUsed() async throws {
        let folder = try TemporaryFolder("dashboard")
        let artefacts = Places.testFile("../.build/artefacts/dashboard")
        try FileManager.default.createDirectory(atPath: artefacts, withIntermediateDirectories: true)
        let certificates = try await TestCertificates.shared()
        let backend = try ChildProcess.start(
            Places.product("probe-backend"),
            [
                "serve", "--listen", "127.0.0.1:0", "--database", folder.file("fleet.db"), "--admin-token",
                Self.adminToken,
            ])
        let peers = try ChildProcess.start(
            "/usr/bin/python3",
            [
                Places.testFile("../scripts/demo-peers.py"), certificates.good.chain, certificates.good.key,
            ])
        do {
            let listening = try await backend.output.next("listening") { $0.hasPrefix("listening on ") }
            let settings: JSONValue = [
                "url": .string(String(listening.dropFirst("listening on ".count))),
                "token": .string(Self.adminToken), "agent": .string(Places.product("probe-agent")),
                "ports": try JSONValue(parsing: try await peers.output.next("ports")),
                "certificate": .string(try String(contentsOfFile: certificates.authority, encoding: .utf8)),
                "artefacts": .string(artefacts),
            ]
            let run = try await Oracle.run(
                "/usr/bin/python3", [Places.testFile("ProbeBackendTests/Dashboard/dashboard.py"), settings.text],
                within: .seconds(540))
            print("Screenshots of the dashboard are in \(artefacts)")
            #expect(run.isSuccess, "\(run.output)\n\(run.errors)")
            #expect(run.lines.last == "step: all done")
        } catch {
            await peers.stop()
            await backend.stop()
            throw error
        }
        await peers.stop()
        #expect(await backend.stop() == .code(0))
    }
}

/// Debian's browser and what drives it.
private enum Chromium {
    static let unavailableReason = missing.isEmpty ? "" : "Chromium cannot be driven here: \(missing) is missing"
    static var isAvailable: Bool { unavailableReason.isEmpty }

    private static let missing = [
        "/usr/bin/chromium", "/usr/bin/chromedriver", "/usr/lib/python3/dist-packages/selenium/__init__.py",
    ].filter { !FileManager.default.fileExists(atPath: $0) }.joined(separator: ", ")
}
