import Foundation
import ProbeTesting
import Testing

/// The built, hardened node under a service manager of the test's.
struct NotifyProgramTests {
    @Test(arguments: ["path", "abstract"]) func itSaysReadyAliveAndStopping(_ kind: String) async throws {
        let folder = try TemporaryFolder("notify", mode: 0o755)
        let name = kind == "path" ? folder.file("n") : "@" + folder.file("n")
        let manager = try NotifySocket(name)
        // Nobody is at that port: ready does not mean connected.
        let node = try ChildProcess.start(
            "/usr/bin/env",
            [
                "NOTIFY_SOCKET=\(name)", "WATCHDOG_USEC=400000", NodeProcess.program, "run", "--backend",
                "ws://127.0.0.1:\(try FreePorts.closed())", "--uuid", "n", "--key", "k",
            ])
        _ = try await manager.messages.next("ready") { $0 == "READY=1" }
        for _ in 1...3 { _ = try await manager.messages.next("watchdog") { $0 == "WATCHDOG=1" } }
        _ = try await manager.messages.next("status") { $0.hasPrefix("STATUS=Looking for ws://127.0.0.1:") }
        node.send(signal: SIGHUP)
        let reloading = try await manager.messages.next("reloading") { $0.hasPrefix("RELOADING=1\n") }
        #expect(reloading.contains("\nMONOTONIC_USEC="))
        _ = try await manager.messages.next("ready again") { $0 == "READY=1" }
        node.send(signal: SIGTERM)
        _ = try await manager.messages.next("stopping") { $0 == "STOPPING=1" }
        #expect(try await node.exit(within: .seconds(60)) == .code(0))
        manager.stop()
    }
}
