import Foundation
import ProbeAgent
import ProbeNative
import ProbeTesting
import Testing

/// What the running node has given up, as the kernel sees it, and that every tool works without it.
struct NodeHardeningTests {
    @Test(arguments: NodeIdentity.available) func everyThreadIsHardened(_ identity: NodeIdentity) async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, as: identity) { node in
                try await controller.sendJob("1", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "1")["result"]?["success"]?.bool == true)
                let process = KernelView(pid: node.process.pid)
                let threads = try process.threads()
                #expect(threads.count > 3, "the reactors and the session have threads")
                for status in threads {
                    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                        #expect(status[set] == "0000000000000000", "\(set) of \(status["Name"] ?? "")")
                    }
                    // Only a start with CAP_SETPCAP can empty it.
                    if identity == .starter, OrdinaryUser.isAvailable {
                        #expect(status["CapBnd"] == "0000000000000000", "CapBnd")
                    }
                    #expect(status["NoNewPrivs"] == "1" && status["Seccomp"] == "2", "\(status["Name"] ?? "")")
                }
                let report = try await node.process.errors.next("report") { $0.contains("agent.hardened") }
                #expect(report.contains("seccomp=\"on, "), "\(report)")
            }
        }
    }

    @Test func nothingListens() async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--control-socket", "none"]) { node in
                let process = KernelView(pid: node.process.pid)
                let inodes = try process.socketInodes()
                #expect(!inodes.isEmpty, "the connection to the backend is one")
                #expect(try process.listeningInodes().isDisjoint(with: inodes))
                // The controller of this test does listen: the look would have seen it.
                #expect(!(try process.listeningInodes()).isEmpty)
            }
        }
    }

    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func rootBecomesTheUserAndPingsAllTheSame() async throws {
        let folder = try TemporaryFolder("probe-user", mode: 0o755)
        let more = ["--user", "\(OrdinaryUser.uid)", "--state-dir", folder.file("state")]
        try await FakeController.with { controller in
            // The second time the folder is there.
            for _ in 1...2 { try await NodeProcess.with(controller, more) { _ in } }
            #expect(try KernelView.owner(of: folder.file("state/outbox")) == OrdinaryUser.uid)
            try await NodeProcess.with(controller, more) { node in
                try await controller.sendJob("1", tool: "ping", target: "127.0.0.1", parameters: ["count": 1])
                #expect(try await controller.response(to: "1")["result"]?["success"]?.bool == true)
                for status in try KernelView(pid: node.process.pid).threads() {
                    let ids = Array(repeating: "\(OrdinaryUser.uid)", count: 4).joined(separator: "\t")
                    #expect(status["Uid"] == ids && status["Gid"] == ids && status["Groups"] == "")
                    #expect(status["CapEff"] == "0000000000000000" && status["CapBnd"] == "0000000000000000")
                }
            }
        }
    }

    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func whoMayNotBecomeTheUserDoesNotStart() async throws {
        let user = try await OrdinaryUser(program: NodeProcess.program)
        let command = user.command([
            "--backend", "http://127.0.0.1:1", "--uuid", "n", "--key", "k", "--user", "12345:12345",
        ])
        let result = try await Oracle.run(command[0], Array(command.dropFirst()))
        #expect(result.status == .code(ConfigurationError.exitCode))
        #expect(result.errors.contains("--user needs a start as root"), "\(result.errors)")
    }

    @Test func hardeningCanBeSwitchedOff() async throws {
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, ["--no-hardening"]) { node in
                let threads = try KernelView(pid: node.process.pid).threads()
                #expect(threads.allSatisfy { $0["Seccomp"] == "0" })
                _ = try await node.process.errors.next("warning") { $0.contains("agent.not_hardened") }
            }
        }
    }

    /// The demo's job of each tool, against the demo's own servers.
    @Test(.timeLimit(.minutes(2)), arguments: NodeIdentity.available)
    func everyToolWorks(_ identity: NodeIdentity) async throws {
        let nginx = try await NginxServer()
        let certificates = try await TestCertificates.shared()
        let scripts = Places.testFile("../scripts")
        let peers = try ChildProcess.start(
            "/usr/bin/python3", [scripts + "/demo-peers.py", certificates.good.chain, certificates.good.key])
        let ports = try await peers.output.next("ports") { _ in true }
        let text = try await Oracle.check(
            "/usr/bin/python3", [scripts + "/demo-jobs.py", "node", nginx.url(""), ports, certificates.authority])
        let jobs = try #require(try JSONValue(parsing: text.replacing("/healthz", with: "/")).array)
        #expect(Set(jobs.compactMap { $0["tool"]?.string }) == Set(ToolRegistry.builtIn().tools.map(\.name)))
        try await FakeController.with { controller in
            try await NodeProcess.with(controller, as: identity) { _ in
                for job in jobs {
                    let tool = job["tool"]?.string ?? ""
                    try await controller.sendJob(
                        tool, tool: tool, target: job["target"]?.string ?? "", parameters: job["parameters"] ?? [:])
                    let answer = try await controller.response(to: tool, within: .seconds(60))
                    #expect(answer["result"]?["success"]?.bool == true, "\(answer.text)")
                }
            }
        }
        await peers.stop()
        await nginx.stop()
    }
}
