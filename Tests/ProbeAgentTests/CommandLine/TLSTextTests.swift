import ProbeTesting
import Testing

@testable import ProbeNative
@testable import probe_agent

@Suite struct TLSTextTests {
    private func text(
        _ target: String, _ parameters: [String: ParameterValue], color: Bool = false
    ) async throws -> String {
        let certificates = try await TestCertificates.shared()
        let authority = try String(contentsOfFile: certificates.authority, encoding: .utf8)
        var configuration = EngineConfiguration()
        configuration.reactors = 1
        let engine = try Engine(configuration, registry: ToolRegistry([TLSTool()]))
        defer { engine.stop() }
        let members = parameters.merging(["ca_pem": .string(authority)]) { given, _ in given }
        let probe = try TLSTool().prepare(target: target, parameters: members.map { .init($0.key, $0.value) })
        return ResultText.render(await engine.run(probe), color: color)
    }

    @Test func aGoodCertificateAndAScan() async throws {
        let certificates = try await TestCertificates.shared()
        let server = try await OpenSSLServer(
            certificates.good, ["-status_file", certificates.goodResponse], address: "[::1]")
        let text = try await text(
            "::1", ["port": .integer(Int64(server.port)), "versions": .bool(true), "sni": .string("good.test")])
        await server.stop()
        #expect(
            text.hasPrefix("[::1]:\(server.port), asking for good.test\n  TLSv1.3  TLS_AES_256_GCM_SHA384  x25519\n"))
        #expect(
            text.contains("  certificate is good  by CN=Probe Test Root,O=Probe Test\n  stapled OCSP: good, until "))
        #expect(
            text.contains("\n  0  CN=good.test,O=Probe Test  29 days left\n     issuer   CN=Probe Test Intermediate"))
        #expect(text.contains("     key      EC 256, signed with ecdsa-with-SHA256\n"))
        #expect(
            text.contains("\n  TLSv1    refused\n") && text.contains("\n  TLSv1.3  accepted  TLS_AES_256_GCM_SHA384\n"))
        #expect(text.contains("\n  ok  "))
    }

    @Test func aBadOneInColor() async throws {
        let certificates = try await TestCertificates.shared()
        let server = try await OpenSSLServer(
            certificates.expired, ["-tls1", "-cipher", "ALL:@SECLEVEL=0"])
        let text = try await text("127.0.0.1", ["port": .integer(Int64(server.port))], color: true)
        await server.stop()
        #expect(text.contains("\u{1b}[31mTLSv1\u{1b}[0m  "))
        #expect(text.contains("\u{1b}[31mcertificate is not good\u{1b}[0m"))
        #expect(text.contains("\u{1b}[31mexpired 2 days ago\u{1b}[0m"))
        #expect(text.contains("\u{1b}[31mweak\u{1b}[0m  The server accepts TLS 1.0."))
        #expect(text.contains("failed at tls (tls_certificate_expired)\u{1b}[0m: The certificate of 127.0.0.1"))
    }

    /// What a server says must not drive the terminal.
    @Test func nothingOfThePeersIsPrintedRaw() {
        var report = TLSReport(port: 25, seenAt: WallTime(nanoseconds: 0))
        report.startTLS = TLSReport.StartTLS(proto: .smtp, greeting: "\u{1b}[2Jboo")
        let result = ProbeResult(
            tool: "tls", target: "mail.test",
            outcome: ProbeOutcome(report, failure: ProbeFailure(.tls, .tlsHandshakeFailed, "No.")),
            finishedAt: WallTime(nanoseconds: 0))
        let text = ResultText.render(result, color: false)
        #expect(text.hasPrefix("mail.test:25, STARTTLS in smtp\n  \\u{1b}[2Jboo\n") && !text.contains("\u{1b}"))
    }
}
