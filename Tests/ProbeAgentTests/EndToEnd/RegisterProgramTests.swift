import Foundation
import Glibc
import ProbeTesting
import Testing

/// The built program against backends that register, refuse, break and lie.
@Suite(.timeLimit(.minutes(3))) struct RegisterProgramTests {
    private static let key = "pnode_5ecret-of-the-peer"
    private static let token = "pnrt_5ecret-token"
    private let folder: TemporaryFolder
    private var state: String { folder.file("state") }

    init() throws { folder = try TemporaryFolder() }

    private func run(
        _ peer: PythonPeer, _ path: String, _ more: [String] = [], scheme: String = "http"
    ) async throws -> Oracle.Result {
        let result = try await Oracle.run(
            NodeProcess.program,
            [
                "register", "--backend", "\(scheme)://127.0.0.1:\(peer.port())/\(path)", "--token", Self.token,
                "--name", "n 1", "--region", "eu", "--state-dir", state,
            ] + more, environment: ["PATH": "/bin"])
        #expect(!(result.output + result.errors).contains("5ecret"), "\(result)")
        return result
    }

    private func identity() throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: state + "/identity.json", encoding: .utf8))
    }

    @Test(arguments: ["good", "old"])
    func registersOnce(path: String) async throws {
        let peer = try await PythonPeer.registration()
        let result = try await run(peer, path, ["--zone", "z", "--tools", "ping"])
        #expect(result.isSuccess && result.output.contains("Registered as n 1"), "\(result)")
        let kept = try identity()
        #expect(kept["api_key"]?.string == Self.key && kept["node_uuid"]?.string?.hasPrefix("0b8e") == true)
        #expect(kept["name"] == "n 1" && kept["region"] == "eu")
        let last = path == "old" ? "/old/register" : "/good/probe-nodes/register"
        let sent = try await peer.events.next("request") { $0["path"]?.string == last }
        let body = sent["body"] ?? .null
        #expect(body["registration_token"]?.string == Self.token && body["zone"] == "z", "\(body.text)")
        #expect(body["supported_tools"]?["ping"] == true && body["supported_tools"]?["dns"] == false)
        #expect(body["max_concurrent_probes"] == 256 && body["internal_ip"] == .null)
        // Again: refused, and nobody is asked.
        let asked = peer.events.pending.count
        let again = try await run(peer, path)
        #expect(again.status == .code(78) && again.errors.contains("registered already, as n 1"), "\(again)")
        #expect(peer.events.pending.count == asked)
        #expect(try await run(peer, "good", ["--force"]).isSuccess)
        await peer.stop()
    }

    @Test(
        arguments: [
            ("used", 77, "does not take the registration token"), ("invalid", 65, "region unknown region"),
            ("absent", 76, "has no registration"), ("page", 76, "is not JSON"), ("keyless", 76, "no usable api_key"),
            ("lost", 69, "may have used the token up"), ("busy", 69, "cannot register the node now"),
            ("long", 76, "is not JSON"),
        ] as [(String, Int32, String)])
    func whatGoesWrongHasItsSentenceAndCode(path: String, code: Int32, part: String) async throws {
        let peer = try await PythonPeer.registration()
        let result = try await run(peer, path)
        #expect(result.status == .code(code) && result.errors.contains(part), "\(result)")
        #expect(!FileManager.default.fileExists(atPath: state + "/identity.json"))
        await peer.stop()
    }

    @Test func waitsForABackendThatIsNotThereYet() async throws {
        let peer = try await PythonPeer.registration()
        let busy = try await run(peer, "busy", ["--wait", "600"])
        #expect(busy.isSuccess && busy.errors.contains("Next attempt in"), "\(busy)")
        // The answer was lost; the next attempt learns that the token is used up.
        let lost = try await run(peer, "lost", ["--wait", "600", "--force"])
        #expect(lost.status == .code(77) && lost.errors.contains("whose answer was lost"), "\(lost)")
        await peer.stop()
    }

    @Test func nobodyThere() async throws {
        let peer = try await PythonPeer.registration()
        await peer.stop()
        let result = try await run(peer, "good")
        #expect(result.status == .code(69) && result.errors.contains("connection refused"), "\(result)")
    }

    @Test func trustHoldsForRegistrationToo() async throws {
        let certificates = try await TestCertificates.shared()
        let peer = try await PythonPeer.registration(certificates.good)
        let stranger = try await run(peer, "good", scheme: "https")
        #expect(
            stranger.status == .code(76) && stranger.errors.contains("authority that is not trusted"), "\(stranger)")
        #expect(peer.events.pending.isEmpty)
        let good = try await run(peer, "good", ["--ca-file", certificates.authority], scheme: "https")
        #expect(good.isSuccess, "\(good)")
        await peer.stop()
        let expired = try await PythonPeer.registration(certificates.expired)
        let late = try await run(expired, "good", ["--force", "--ca-file", certificates.authority], scheme: "https")
        #expect(late.status == .code(76) && late.errors.contains("expired"), "\(late)")
        await expired.stop()
    }

    @Test func goesThroughAProxy() async throws {
        let peer = try await PythonPeer.registration()
        let proxies = try await PythonPeer.proxies(certificate: TestCertificates.shared().good)
        let result = try await run(peer, "good", ["--proxy", "http://127.0.0.1:\(proxies.port("http"))"])
        #expect(result.isSuccess, "\(result)")
        await peer.stop()
        await proxies.stop()
    }

    @Test func wrongUsage() async throws {
        let peer = try await PythonPeer.registration()
        let token = try await Oracle.run(
            NodeProcess.program, ["register", "--backend", "http://localhost:1", "--token", "eyJhbGciOiJ9.e30.c2ln"])
        #expect(token.status == .code(78), "\(token)")
        #expect(try await run(peer, "good", ["word"]).status == .code(64))
        #expect(try await run(peer, "good", ["--wait", "soon"]).status == .code(64))
        let help = try await Oracle.run(NodeProcess.program, ["register", "--help"])
        #expect(help.isSuccess && help.output.contains("--registration-token") && help.output.contains("--wait"))
        await peer.stop()
    }
}
