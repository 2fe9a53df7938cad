import Foundation
import Glibc
import ProbeTesting
import Testing

/// The key and the proxy's password, looked for in everything that a node shows of itself.
@Suite(.timeLimit(.minutes(2))) struct SecretTests {
    private static let key = "pnode_5ecret-key-0123456789"
    private static let password = "5ecret-password"
    /// As they are, and in the base64 in which a header or a dump might have them.
    private static let secrets =
        [key, password].flatMap { [$0, Data($0.utf8).base64EncodedString()] }
        + [Data("user:\(password)".utf8).base64EncodedString(), "5ecret"]

    private static func findings(in text: String, _ place: String) -> [String] {
        secrets.filter { text.contains($0) }.map { "\($0) in \(place)" }
    }

    private static func file(_ name: String, of process: ChildProcess) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process.pid)/\(name)"))
        return String(decoding: data, as: UTF8.self)
    }

    enum Source: String, CaseIterable { case flag, variable, file, credentials }

    @Test(arguments: Source.allCases)
    func areNowhere(source: Source) async throws {
        let folder = try TemporaryFolder()
        let proxies = try await PythonPeer.proxies(certificate: TestCertificates.shared().good)
        let proxy = "http://user:\(Self.password)@127.0.0.1:\(proxies.port("http"))"
        var environment = ["PATH": "/bin", "TMPDIR": folder.path, "VISIBLE": "yes"]
        var arguments = ["--uuid", "node-1", "--log-level", "trace", "--reconnect-initial", "0.1"]
        switch source {
        case .flag: arguments += ["--key", Self.key, "--proxy", proxy]
        case .variable: environment.merge(["PROBEOPS_API_KEY": Self.key, "PROBEOPS_PROXY": proxy]) { $1 }
        case .file:
            arguments += ["--key-file", try folder.write(Self.key, to: "key")]
            environment["http_proxy"] = proxy
        case .credentials:
            try folder.write(Self.key, to: "probeops-api-key")
            environment.merge(["CREDENTIALS_DIRECTORY": folder.path, "all_proxy": proxy]) { $1 }
        }
        try await FakeController.with { controller in
            let process = try ChildProcess.start(
                NodeProcess.program, ["--backend", controller.url, "--allow", "127.0.0.0/8"] + arguments,
                environment: environment)
            var shown = ""
            do {
                let sent = try await controller.next("authentication")
                #expect(sent.message?["api_key"]?.string == Self.key)
                #expect(try Self.file("environ", of: process).contains("VISIBLE=yes"))
                for name in ["cmdline", "environ"] {
                    #expect(try Self.findings(in: Self.file(name, of: process), name) == [])
                }
                for tool in ["ping", "http", "no-such-tool"] {
                    try await controller.sendJob(tool, tool: tool, target: "127.0.0.1", extra: ["timeout": 1])
                    let answer = try await controller.response(to: tool)
                    #expect(Self.findings(in: answer.text, "the answer of \(tool)") == [])
                }
                // A refusal, an end without one, and a crash: what is said then, too.
                try await controller.policy(["auth": "refuse"])
                try await controller.abort()
                _ = try await controller.next("authentication")
                process.send(signal: SIGABRT)
                _ = try await process.exit()
                try await process.output.finished()
                try await process.errors.finished()
                shown = (process.output.pending + process.errors.pending).joined(separator: "\n")
            } catch {
                await process.stop(signal: SIGKILL)
                throw error
            }
            #expect(shown.contains("agent.starting"))
            #expect(Self.findings(in: shown, "the log") == [])
        }
        // The proxy did get its password.
        let request = try await proxies.events.next("request") { $0["method"]?.string == "CONNECT" }
        #expect(request["names"].map(\.text)?.contains("proxy-authorization") == true)
        await proxies.stop()
    }
}
