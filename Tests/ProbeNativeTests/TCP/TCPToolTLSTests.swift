import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct TCPToolTLSTests {
    private struct Scene {
        let peer: PythonPeer
        let bench: OneToolBench<TCPTool>
        let authority: ParameterValue

        func run(
            _ name: String, _ steps: [String] = [],
            _ more: [String: ParameterValue] = [:]
        ) async throws -> ProbeResult {
            let own: [String: ParameterValue] = [
                "port": .integer(Int64(peer.port(name))), "steps": .array(steps.map { .string($0) }),
                "ca_pem": authority,
            ]
            return try await bench.run("127.0.0.1", own.merging(more) { $1 })
        }
    }

    private func with(
        _ certificate: KeyPath<TestCertificates, CertificateFiles> = \.good, _ body: (Scene) async throws -> Void
    ) async throws {
        let certificates = try await TestCertificates.shared()
        let peer = try await PythonPeer.tcp(certificates[keyPath: certificate])
        let bench = try OneToolBench(TCPTool())
        defer { bench.stop() }
        let authority = try String(contentsOfFile: certificates.authority, encoding: .utf8)
        do { try await body(Scene(peer: peer, bench: bench, authority: .string(authority))) } catch {
            await peer.stop()
            throw error
        }
        await peer.stop()
    }

    private func report(_ result: ProbeResult) throws -> TCPReport {
        try #require(result.outcome.report as? TCPReport)
    }

    @Test func tlsFromTheFirstByte() async throws {
        try await with { scene in
            let result = try await scene.run(
                "tls", ["expect:^220", "send:EHLO probe\\r\\n", "expect:^250 ", "send:QUIT\\r\\n", "expect:^221"],
                ["tls": .bool(true)])
            #expect(result.outcome.failure == nil, "\(result.outcome)")
            let report = try report(result)
            #expect(report.security?.version == "TLSv1.3" && report.security?.isGood == true)
            #expect(report.tlsTime.map { $0 > .zero } == true && report.connectTime != nil)
            #expect(report.steps.map(\.matched) == [true, nil, true, nil, true])
            let line = try await scene.peer.events.next { $0["event"]?.string == "line" }
            #expect(line["tls"]?.bool == true)
        }
    }

    static let upgrade = [
        "expect:^220", "send:EHLO probe\\r\\n", "expect:^250 ", "send:STARTTLS\\r\\n", "expect:^220", "starttls",
        "send:EHLO again\\r\\n", "expect:^250 ",
    ]

    @Test func tlsInTheMiddle() async throws {
        try await with { scene in
            let result = try await scene.run("smtp", Self.upgrade)
            #expect(result.outcome.failure == nil, "\(result.outcome)")
            let report = try report(result)
            #expect(report.tlsTime.map { $0 > .zero } == true && report.security?.isGood == true)
            #expect(report.steps[5].startsTLS && report.steps[7].matched == true)
            let last = try await scene.peer.events.next { $0["text"]?.string?.contains("again") == true }
            #expect(last["tls"]?.bool == true)
        }
    }

    @Test func plainTextBehindTheAnswerIsRefused() async throws {
        try await with { scene in
            let result = try await scene.run("inject", Self.upgrade)
            #expect(result.code == .protocolError && result.stage == .tls)
            #expect(result.outcome.failure?.detail.contains("14 bytes more in plain text") == true)
            #expect(try report(result).security == nil)
        }
    }

    @Test func aBadCertificateEndsTheConversation() async throws {
        try await with(\.expired) { scene in
            let result = try await scene.run("tls", ["expect:^220"], ["tls": .bool(true)])
            #expect(result.code == .tlsCertificateExpired && result.stage == .tls)
            #expect(try report(result).steps.isEmpty)
            #expect(try report(result).security?.isGood == false)
            // Unless it is asked not to.
            let lax = try await scene.run("tls", ["expect:^220"], ["tls": .bool(true), "verify_tls": .bool(false)])
            #expect(lax.outcome.failure == nil)
            #expect(try report(lax).security?.isGood == false && report(lax).security?.complaint != nil)
        }
    }

    @Test func theNameAskedForIsLookedForInTheCertificate() async throws {
        try await with(\.wrongHost) { scene in
            let other = try await scene.run("tls", [], ["tls": .bool(true)])
            #expect(other.code == .tlsHostnameMismatch && other.stage == .tls)
            let right = try await scene.run(
                "tls", ["expect:^220"], ["tls": .bool(true), "sni": .string("elsewhere.example")])
            #expect(right.outcome.failure == nil, "\(right.outcome)")
        }
    }

    @Test func aPeerWithoutTLS() async throws {
        try await with { scene in
            let result = try await scene.run("smtp", [], ["tls": .bool(true)])
            #expect(result.stage == .tls && result.outcome.failure?.code.rawValue.hasPrefix("tls_") == true)
            let silent = try await scene.run("silent", [], ["tls": .bool(true), "timeout_ms": .integer(200)])
            #expect(silent.code == .connectionTimeout && silent.stage == .tls)
        }
    }
}
