import Foundation
import ProbeTesting
import Testing

/// Each server against the tool that everybody has for it.
@Suite struct ServerTests {
    @Test func nginxServesPlainAndEncrypted() async throws {
        let certificates = try await TestCertificates.shared()
        let nginx = try await NginxServer(certificates: certificates.all)
        func curl(_ arguments: String...) async throws -> Oracle.Result {
            try await Oracle.run("curl", ["-sS", "--max-time", "10", "--cacert", certificates.authority] + arguments)
        }
        #expect(try await curl(nginx.url()).output == "hello\n")
        #expect(try await curl("-L", nginx.url("/redirect/3")).output == "arrived\n")
        #expect(try await curl("-w", "%{http_code}", nginx.url("/status/503")).output == "status 503\n503\n")
        #expect(try await curl("-X", "PUT", nginx.url("/method")).output == "PUT\n")
        for certificate in certificates.all {
            let result = try await curl("--http2", nginx.url("/seen", host: "127.0.0.1", tls: certificate))
            let isGood = certificate == certificates.good || certificate == certificates.rsa
            #expect(result.status == .code(isGood ? 0 : 60))
            if isGood { #expect(result.output == " HTTP/2.0\n") }
        }
        #expect(nginx.accessLog.contains("GET /seen HTTP/2.0 TLSv1.3- 200"))
        await nginx.stop()
    }

    @Test func nsdAndUnboundAnswer() async throws {
        let nsd = try await NSDServer()
        let unbound = try await UnboundServer(upstream: nsd.port)
        for (server, flag) in [(nsd.port, "aa"), (unbound.port, "ra")] {
            func dig(_ arguments: String...) async throws -> String {
                try await Oracle.check("dig", ["@127.0.0.1", "-p", "\(server)", "+tries=1", "+time=5"] + arguments)
            }
            #expect(try await dig("+short", "www.probe.test", "A") == "127.0.0.1\n")
            #expect(try await dig("+short", "-x", "192.0.2.25") == "mail.probe.test.\n")
            #expect(try await dig("+short", "chain1.probe.test", "AAAA").hasSuffix("www.probe.test.\n::1\n"))
            let missing = try await dig("nowhere.probe.test")
            #expect(missing.contains("status: NXDOMAIN"))
            #expect(missing.contains(" \(flag)"))
            #expect(try await dig("huge.probe.test", "TXT").contains("(TCP)"))
            #expect(try await dig("+short", "unknown.probe.test", "TYPE65280") == "\\# 4 01020304\n")
        }
        await unbound.stop()
        await nsd.stop()
    }

    @Test func pythonPeersMisbehave() async throws {
        let dns = try await PythonPeer.dns()
        let answer = try await Oracle.run(
            "dig", ["@127.0.0.1", "-p", "\(dns.port())", "+tries=1", "+time=5", "wrong-then-right.test"])
        #expect(answer.output.contains("ID mismatch"))
        #expect(answer.output.contains("127.0.0.1"))
        #expect(try await dns.events.next { $0["event"] == "query" }["name"] == "wrong-then-right.test")
        await dns.stop()

        let http = try await PythonPeer.http()
        #expect(try await Oracle.run("curl", ["-s", http.url("/bad-chunk")]).status == .code(56))
        let silent = "http://127.0.0.1:\(http.port("silent"))/"
        #expect(try await Oracle.run("curl", ["-s", "--max-time", "0.2", silent]).status == .code(28))
        _ = try await http.events.next { $0["event"] == "silent" && $0["open"] == 0 }
        let backlog = "http://127.0.0.1:\(http.port("backlog"))/"
        let refused = try await Oracle.run("curl", ["-sS", "--max-time", "0.2", backlog])
        #expect(refused.errors.contains("Connection timed out"))
        await http.stop()
    }
}
