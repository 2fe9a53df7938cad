import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// Stapled responses, made by `openssl ocsp`, shown by s_server.
@Suite struct OCSPStapleTests {
    private func look(
        _ tool: TLSToolBench, _ files: CertificateFiles, _ response: String, _ arguments: [String] = [],
        _ more: [String: ParameterValue] = [:]
    ) async throws -> TLSToolBench.Seen {
        let server = try await OpenSSLServer(files, ["-status_file", response] + arguments)
        let seen = try await tool.look(server.port, more)
        await server.stop()
        return seen
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func aGoodOne(_ version: String) async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let seen = try await look(tool, tool.certificates.good, tool.certificates.goodResponse, [version])
        let staple = try #require(seen.report.verdict?.staple)
        #expect(seen.code == nil && seen.report.isStapled && staple.status == .good && staple.problem == nil)
        #expect(staple.thisUpdate != nil && staple.nextUpdate ?? WallTime(nanoseconds: 0) > seen.report.seenAt)
    }

    /// By the issuer, and by whom it appointed.
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func aRevokedCertificate(_ version: String) async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        for response in [tool.certificates.revokedResponse, tool.certificates.delegatedResponse] {
            let seen = try await look(tool, tool.certificates.revoked, response, [version])
            #expect(seen.code == .tlsCertificateRevoked && seen.stage == .tls && seen.report.chain.count == 2)
            #expect(seen.report.verdict?.hostMatches == true)
            let staple = try #require(seen.report.verdict?.staple)
            #expect(staple.status == .revoked && staple.reason == "keyCompromise" && staple.revokedAt != nil)
        }
    }

    /// Withdrawn is worse than for another host; what is wrong with the chain itself comes first.
    @Test func theOrderOfVerdicts() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let certificates = tool.certificates
        let elsewhere = try await look(
            tool, certificates.revokedElsewhere, certificates.revokedElsewhereResponse)
        #expect(elsewhere.code == .tlsCertificateRevoked && elsewhere.report.verdict?.hostMatches == false)
        let unknown = try await look(
            tool, certificates.revoked, certificates.revokedResponse, [], ["ca_pem": .null])
        #expect(unknown.code == .tlsUnknownAuthority && unknown.report.verdict?.staple?.status == .revoked)
    }

    /// A response that proves nothing changes no verdict.
    @Test func oneThatCannotBeBelieved() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let certificates = tool.certificates
        let cases: [(CertificateFiles, String)] = [
            (certificates.revoked, certificates.strangersResponse),
            // About another certificate.
            (certificates.good, certificates.revokedResponse),
        ]
        for (files, response) in cases {
            let seen = try await look(tool, files, response)
            #expect(seen.code == nil && seen.report.verdict?.staple?.status == .unverified)
            #expect(seen.report.verdict?.staple?.problem != nil)
        }
        let alone = try await look(
            tool, certificates.missingIntermediate, certificates.goodResponse)
        #expect(alone.code == .tlsIncompleteChain && alone.report.verdict?.staple?.status == .unverified)
    }

    /// The response is for a week, the certificate for a month.
    @Test func oneWhoseTimeIsOver() async throws {
        let time = ManualTime()
        let real = SystemTime().wallTime.nanoseconds - time.wallTime.nanoseconds
        time.stepWallClock(by: .nanoseconds(real) + .seconds(9 * 86_400))
        let tool = try await TLSToolBench(time: time)
        defer { tool.stop() }
        let good = try await look(tool, tool.certificates.good, tool.certificates.goodResponse)
        #expect(good.code == nil && good.report.verdict?.staple?.status == .outdated)
        let revoked = try await look(tool, tool.certificates.revoked, tool.certificates.revokedResponse)
        #expect(revoked.code == nil && revoked.report.verdict?.staple?.status == .outdated)
    }

    @Test func whatIsNoResponse() async throws {
        let certificates = try await TestCertificates.shared()
        let der = try Data(contentsOf: URL(fileURLWithPath: certificates.goodResponse))
        let bench = try TLSBench()
        defer { bench.stop() }
        let verdicts = await on(bench.reactor) { _ in
            // RFC 6960 section 4.2.1: tryLater, without an answer.
            [Array("garbage".utf8), [], Array(der.dropLast(10)), [0x30, 3, 0x0a, 1, 3]].map { bytes in
                OCSPStaple.statusWithoutCertificate(bytes)
            }
        }
        #expect(verdicts == [.unusable, .unusable, .unusable, .unusable])
    }
}

extension OCSPStaple {
    /// Never gets as far as to look at the certificate.
    fileprivate static func statusWithoutCertificate(_ der: [UInt8]) -> Status {
        var nothing: UInt8 = 0
        return withUnsafeMutablePointer(to: &nothing) {
            OCSPStaple(der, of: OpaquePointer($0), by: nil, among: nil, at: WallTime(nanoseconds: 0)).status
        }
    }
}
