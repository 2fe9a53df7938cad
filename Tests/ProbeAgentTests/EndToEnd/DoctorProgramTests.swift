import Foundation
import Glibc
import ProbeTesting
import Testing

/// The doctor's page and its JSON, where all is well and where one thing is wrong.
@Suite(.timeLimit(.minutes(5))) struct DoctorProgramTests {
    struct Page {
        var status: ProbeTesting.ExitStatus
        var json: JSONValue

        /// The findings of that name as "state: detail", one a line.
        subscript(_ name: String) -> String {
            let findings = (json["groups"]?.array ?? []).flatMap { $0["findings"]?.array ?? [] }
            return findings.filter { $0["name"]?.string == name }.map {
                "\($0["state"]?.string ?? ""): \($0["detail"]?.string ?? "")"
            }.joined(separator: "\n")
        }
    }

    private func examine(
        _ arguments: [String], command: ([String]) -> [String] = { [NodeProcess.program] + $0 }
    ) async throws -> Page {
        let words = command(["doctor", "--json"] + arguments)
        let result = try await Oracle.run(words[0], Array(words.dropFirst()), within: .seconds(120))
        #expect(!(result.output + result.errors).contains("5ecret"), "\(result)")
        return Page(status: result.status, json: try JSONValue(parsing: result.output))
    }

    private static func node(_ controller: FakeController, key: String = "pnode_5ecret") -> [String] {
        ["--backend", controller.url, "--uuid", "node-1", "--key", key]
    }

    @Test func theWayToAGoodBackend() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.good) { controller in
            let page = try await examine(
                Self.node(controller) + ["--ca-file", certificates.authority, "--deny", "10.0.0.0/8"])
            #expect(page["TCP"].hasPrefix("ok: 127.0.0.1:"), "\(page.json.text)")
            #expect(page["TLS"].hasPrefix("ok: ") && page["TLS"].contains("trusted"))
            #expect(page["WebSocket"].hasPrefix("ok: wss://") && page["authentication"] == "ok: accepted as node-1")
            #expect(page["clock"].hasPrefix("ok: ") && page["http"].hasPrefix("ok: ") && page["tls"].hasPrefix("ok: "))
            // It closes as one who has nothing more to say.
            #expect(try await controller.next("closed") { $0["code"]?.int == 1000 }["clean"] == true)
        }
    }

    @Test func whatIsWrongWithABackendIsCrossed() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.expired) { controller in
            let page = try await examine(Self.node(controller) + ["--ca-file", certificates.authority])
            #expect(page.status == .code(1) && page["TLS"].contains("has expired"), "\(page.json.text)")
            #expect(page["TLS"].hasPrefix("failed: ") && page["authentication"].isEmpty)
        }
        try await FakeController.with { controller in
            try await controller.policy(["auth": "refuse"])
            let refused = try await examine(Self.node(controller))
            #expect(
                refused.status == .code(1) && refused["authentication"].hasPrefix("failed: "), "\(refused.json.text)")
            try await controller.policy(["auth": "accept", "auth_reply": ["server_time": "2020-01-01T00:00:00Z"]])
            let early = try await examine(Self.node(controller))
            #expect(early["clock"].hasPrefix("failed: ") && early["clock"].contains("ahead of"), "\(early.json.text)")
            try await controller.policy(["handshake": "reject", "status": 404, "body": "no such page"])
            let absent = try await examine(Self.node(controller))
            #expect(absent["WebSocket"].hasPrefix("failed: ") && absent["WebSocket"].contains("404"))
        }
        let gone = try await examine(["--backend", "http://127.0.0.1:1", "--uuid", "n", "--key", "k"])
        #expect(gone.status == .code(1) && gone["TCP"].contains("connection_refused"), "\(gone.json.text)")
        let nameless = try await examine(["--backend", "https://nowhere.invalid", "--uuid", "n", "--key", "k"])
        #expect(nameless["DNS"].hasPrefix("failed: nowhere.invalid"), "\(nameless.json.text)")
    }

    /// A second connection with the same identifier displaces the first at some backends.
    @Test func aRunningNodeIsNotDisplaced() async throws {
        let folder = try TemporaryFolder()
        try await FakeController.with { controller in
            let state = ["--state-dir", folder.file("state")]
            try await NodeProcess.with(controller, state) { _ in
                let page = try await examine(Self.node(controller) + state)
                #expect(page["authentication"].hasPrefix("skipped: "), "\(page.json.text)")
                #expect(page["WebSocket"].hasPrefix("ok: "))
                let sent = controller.events.pending.filter { $0.name == "authentication" }
                #expect(sent.isEmpty)
            }
        }
    }

    @Test func worksWithoutABackendAndSaysWhatIsWrongWithSettings() async throws {
        let bare = try await examine([])
        #expect(bare["backend"].hasPrefix("skipped: ") && bare["settings"] == "ok: can be used", "\(bare.json.text)")
        #expect(bare["version"].hasPrefix("ok: "))
        for tool in ["http", "tcp", "port_check", "whois", "ntp"] { #expect(bare[tool].hasPrefix("ok: "), "\(tool)") }
        let wrong = try await examine(["--heartbeat", "soon"])
        #expect(wrong.status == .code(1) && wrong["settings"].contains("--heartbeat must be"), "\(wrong.json.text)")
        let state = try await examine(["--state-dir", "/dev/null/state"])
        #expect(state.status == .code(1) && state["state directory"].hasPrefix("failed: "), "\(state.json.text)")
    }

    @Test func thePageHasItsMarksAndAdvice() async throws {
        let result = try await Oracle.run(NodeProcess.program, ["doctor", "--heartbeat", "soon"])
        #expect(result.status == .code(1))
        #expect(result.output.contains("\n  ✓ version") && result.output.contains("\n  ✗ settings"), "\(result.output)")
        #expect(
            result.output.contains("\n      → ") && result.output.contains("1 cross")
                && !result.output.contains("\u{1b}"))
    }

    // MARK: Users

    @Test(.enabled(if: OrdinaryUser.isAvailable, "\(OrdinaryUser.unavailableReason)"))
    func anOrdinaryUserWithAndWithoutTheCapability() async throws {
        let marked = try await OrdinaryUser(program: NodeProcess.program)
        let with = try await examine([], command: { marked.command($0) })
        #expect(with["CAP_NET_RAW"].hasPrefix("ok: ") && with["ping"].hasPrefix("ok: "), "\(with.json.text)")
        #expect(with["raw sockets, IPv4"] == "ok: opened" && with["user"].contains("uid 65534"))
        let plain = try await OrdinaryUser(program: NodeProcess.program, rights: .init(hasFileCapability: false))
        let without = try await examine([], command: { plain.command($0) })
        #expect(without["CAP_NET_RAW"].hasPrefix("warning: "), "\(without.json.text)")
        #expect(without["raw sockets, IPv4"].hasPrefix(OrdinaryUser.mayPing ? "warning: " : "failed: "))
        #expect(without["datagram ping"].hasPrefix(OrdinaryUser.mayPing ? "ok: " : "failed: "))
        #expect(without.json.text.contains("setcap cap_net_raw+p"))
    }
}
