import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// http against nginx with certificates that are right, or wrong in one way.
@Suite struct HTTPSVerificationTests {
    private static let wrong: [(any KeyPath<TestCertificates, CertificateFiles> & Sendable, ErrorCode)] = [
        (\.missingIntermediate, .tlsIncompleteChain), (\.wrongHost, .tlsHostnameMismatch),
        (\.expired, .tlsCertificateExpired), (\.notYetValid, .tlsCertificateNotYetValid),
        (\.selfSigned, .tlsSelfSigned), (\.otherAuthority, .tlsUnknownAuthority),
    ]

    private func authority(_ certificates: TestCertificates) throws -> ParameterValue {
        .string(try String(contentsOfFile: certificates.authority, encoding: .utf8))
    }

    @Test func aGoodChainUnderAPrivateAuthority() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        for files in [certificates.good, certificates.rsa] {
            for host in ["127.0.0.1", "[::1]"] {
                let fetched = try await HTTPProbe.fetch(
                    nginx.url("/", host: host, tls: files), ["ca_pem": try authority(certificates)])
                #expect(fetched.failure == nil && fetched.status == 200)
                let security = try #require(fetched.report?.security)
                let verdict = try #require(security.verdict)
                #expect(verdict.isGood && verdict.hostMatches && security.version == "TLSv1.3")
                #expect(
                    verdict.chain.map(\.subject) == [
                        "CN=good.test,O=Probe Test", "CN=Probe Test Intermediate,O=Probe Test",
                        "CN=Probe Test Root,O=Probe Test",
                    ])
                #expect(verdict.chain[0].alternativeNames.contains("good.test"))
                #expect((28...30).contains(verdict.chain[0].daysLeft(at: SystemTime().wallTime) ?? 0))
                let phases = try #require(fetched.report?.phases)
                #expect(phases.verify ?? .zero > .zero && phases.tls ?? .zero > .zero)
            }
        }
    }

    @Test(arguments: ["good.test", "www.probe.test", "a.wild.test", "localhost"])
    func namesMatch(_ name: String) async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let parameters = ["ca_pem": try authority(certificates), "resolve_to": .string("127.0.0.1")]
        #expect(
            try await HTTPProbe.fetch(nginx.url("/", host: name, tls: certificates.good), parameters).failure == nil)
    }

    @Test(arguments: ["wild.test", "a.b.wild.test", "good.test.example"])
    func namesThatDoNot(_ name: String) async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let parameters = ["ca_pem": try authority(certificates), "resolve_to": .string("127.0.0.1")]
        let fetched = try await HTTPProbe.fetch(nginx.url("/", host: name, tls: certificates.good), parameters)
        #expect(fetched.failure?.code == .tlsHostnameMismatch)
    }

    @Test(arguments: wrong.indices)
    func eachWrongCertificateHasItsCode(_ index: Int) async throws {
        let (path, code) = Self.wrong[index]
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let url = nginx.url("/wrong-\(index)", tls: certificates[keyPath: path])
        let fetched = try await HTTPProbe.fetch(url, ["ca_pem": try authority(certificates)])
        #expect(
            fetched.failure?.code == code && fetched.failure?.stage == .tls, "\(String(describing: fetched.failure))")
        let verdict = try #require(fetched.report?.security?.verdict)
        #expect(verdict.code == code && !verdict.chain.isEmpty)
        #expect(verdict.hostMatches == (code != .tlsHostnameMismatch))
        #expect(fetched.report?.security?.version != nil && fetched.report?.phases.verify != nil)
        #expect(fetched.report?.phases.send == nil && fetched.status == nil)
        // Nothing was sent.
        #expect(!nginx.accessLog.contains { $0.contains("/wrong-\(index) ") })
        let curl = try await Oracle.run("curl", ["-s", "--cacert", certificates.authority, url])
        #expect(curl.status == .code(60))

        let lenient = try await HTTPProbe.fetch(
            url, ["ca_pem": try authority(certificates), "verify_tls": .bool(false)])
        #expect(lenient.failure?.code == .expectationFailed && lenient.status == 404)
        #expect(lenient.report?.security?.verdict?.code == code)
    }

    @Test func withoutTheAuthorityItIsUnknown() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let fetched = try await HTTPProbe.fetch(nginx.url("/", tls: certificates.good))
        #expect(fetched.failure?.code == .tlsUnknownAuthority)
    }

    @Test func aPeerWithOldTLSOnly() async throws {
        let certificates = try await TestCertificates.shared()
        let port = try FreePorts.closed()
        let server = try ChildProcess.start(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-www", "-cert",
                certificates.good.chain, "-key", certificates.good.key,
            ])
        _ = try await server.output.next("ACCEPT") { $0.contains("ACCEPT") }
        let fetched = try await HTTPProbe.fetch("https://127.0.0.1:\(port)/")
        await server.stop()
        #expect(fetched.failure?.code == .tlsVersionUnsupported, "\(String(describing: fetched.failure))")
        #expect(fetched.failure?.stage == .tls)
    }
}
