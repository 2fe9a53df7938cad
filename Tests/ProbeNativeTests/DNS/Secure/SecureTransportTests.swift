import Foundation
import ProbeNative
import ProbeTesting
import Testing

/// DNS over TLS and over HTTPS: unbound as the server that is right, dns_peer.py as one that is not.
@Suite struct SecureTransportTests {
    private static let transports = ["tls", "https"]

    private static func authority(_ certificates: TestCertificates) throws -> ParameterValue.Member {
        .init("ca_pem", .string(try String(contentsOfFile: certificates.authority, encoding: .utf8)))
    }

    private func ask(
        _ bench: DNSBench, _ name: String, over transport: String, at resolver: String, timeout: Duration? = nil,
        _ more: [ParameterValue.Member] = []
    ) async throws -> Asked {
        let certificates = try await TestCertificates.shared()
        return try await bench.ask(
            name, "A", timeout: timeout,
            [
                .init("transport", .string(transport)), .init("resolver", .string(resolver)),
                try Self.authority(certificates),
            ] + more)
    }

    @Test func asksUnbound() async throws {
        let certificates = try await TestCertificates.shared()
        for certificate in [certificates.good, certificates.rsa] {
            let unbound = try await SecureUnboundServer(certificate)
            let bench = try DNSBench()
            defer { bench.stop() }
            for (transport, port) in [("tls", unbound.tlsPort), ("https", unbound.httpsPort)] {
                for host in ["127.0.0.1", "[::1]", "localhost"] {
                    let asked = try await ask(bench, "www.probe.test", over: transport, at: "\(host):\(port)")
                    #expect(asked.failure == nil, "\(transport) \(host)")
                    #expect(asked.values() == ["192.0.2.80"])
                    #expect(asked.report.transport.rawValue == transport)
                    #expect(asked.report.connectTime ?? .zero > .zero)
                    #expect(asked.report.tlsTime ?? .zero > .zero)
                    #expect(asked.report.queryTime ?? .zero > .zero)
                    #expect(asked.report.attempts == 1)
                }
                let missing = try await ask(bench, "nope.probe.test", over: transport, at: "127.0.0.1:\(port)")
                #expect(missing.code == .resolveNXDomain)
            }
            let url = try await bench.ask(
                "www.probe.test", "TXT",
                [
                    .init("resolver", .string("https://127.0.0.1:\(unbound.httpsPort)/dns-query")),
                    try Self.authority(certificates),
                ])
            #expect(url.values() == ["\"over TLS\""])
            #expect(url.report.transport == .https)
            let lost = try await bench.ask(
                "www.probe.test", "TXT",
                [
                    .init("resolver", .string("https://127.0.0.1:\(unbound.httpsPort)/elsewhere")),
                    try Self.authority(certificates),
                ])
            #expect(lost.code == .httpInvalidResponse)
            await unbound.stop()
        }
    }

    /// dig and unbound understand each other over both; so do we and unbound, with the same records.
    @Test func digAgrees() async throws {
        let certificates = try await TestCertificates.shared()
        let unbound = try await SecureUnboundServer(certificates.good)
        for (flag, port) in [("+tls", unbound.tlsPort), ("+https", unbound.httpsPort)] {
            let dig = try await Oracle.check(
                "dig", ["@127.0.0.1", "-p", "\(port)", flag, "+short", "www.probe.test", "A"])
            #expect(dig == "192.0.2.80\n")
        }
        await unbound.stop()
    }

    private static let wrong: [(any KeyPath<TestCertificates, CertificateFiles> & Sendable, ErrorCode)] = [
        (\.missingIntermediate, .tlsIncompleteChain), (\.wrongHost, .tlsHostnameMismatch),
        (\.expired, .tlsCertificateExpired), (\.notYetValid, .tlsCertificateNotYetValid),
        (\.selfSigned, .tlsSelfSigned), (\.otherAuthority, .tlsUnknownAuthority),
    ]

    @Test(arguments: wrong.indices)
    func eachWrongCertificateHasItsCode(_ index: Int) async throws {
        let (path, code) = Self.wrong[index]
        let certificates = try await TestCertificates.shared()
        let unbound = try await SecureUnboundServer(certificates[keyPath: path])
        let bench = try DNSBench()
        defer { bench.stop() }
        for (transport, port) in [("tls", unbound.tlsPort), ("https", unbound.httpsPort)] {
            let asked = try await ask(bench, "www.probe.test", over: transport, at: "127.0.0.1:\(port)")
            #expect(asked.code == code, "\(transport): \(String(describing: asked.failure))")
            #expect(asked.failure?.stage == .tls)
            #expect(asked.report.answer == nil)
            // Measured all the same where that is asked for.
            let lax = try await ask(
                bench, "www.probe.test", over: transport, at: "127.0.0.1:\(port)", [.init("verify_tls", .bool(false))])
            #expect(lax.values() == ["192.0.2.80"], "\(transport)")
        }
        await unbound.stop()
    }

    @Test func theNameCanBeGiven() async throws {
        let certificates = try await TestCertificates.shared()
        let unbound = try await SecureUnboundServer(certificates.wrongHost)
        let bench = try DNSBench()
        defer { bench.stop() }
        let named = try await ask(
            bench, "www.probe.test", over: "tls", at: "127.0.0.1:\(unbound.tlsPort)",
            [.init("tls_name", .string("elsewhere.example"))])
        #expect(named.values() == ["192.0.2.80"])
        await unbound.stop()
    }

    @Test func badServersOverHTTPS() async throws {
        try await withPeer { peer, bench in
            let cases: [(String, ErrorCode?)] = [
                ("/dns-query", nil), ("/parameters", nil), ("/missing", .httpInvalidResponse),
                ("/moved", .httpInvalidResponse), ("/text", .httpInvalidResponse), ("/json", .httpInvalidResponse),
                ("/garbage", .protocolError), ("/empty", .protocolError), ("/other", .protocolError),
                ("/huge", .protocolError),
            ]
            for (path, code) in cases {
                let asked = try await ask(
                    bench, "a.test", over: "https", at: "https://127.0.0.1:\(peer.port("https"))\(path)")
                #expect(asked.code == code, "\(path): \(String(describing: asked.failure))")
                #expect(asked.failure == nil || asked.failure?.stage == .response, "\(path)")
            }
            let request = try await peer.events.next("request") { $0["event"]?.string == "request" }
            #expect(request["method"]?.string == "POST")
            #expect(request["path"]?.string == "/dns-query")
            #expect(request["type"]?.string == "application/dns-message")
            // For the sake of caches.
            #expect(request["id"]?.int == 0)
        }
    }

    @Test(arguments: [
        ("loop", ErrorCode.protocolError), ("counts", .truncated), ("servfail", .resolveFailure),
        ("nxdomain", .resolveNXDomain), ("refused", .resolveRefused), ("wrong-question", .protocolError),
    ])
    func badAnswers(_ behaviour: String, _ code: ErrorCode) async throws {
        try await withPeer { peer, bench in
            for transport in Self.transports {
                // A server that answers something else is left after the patience is over, or when it closes.
                if behaviour == "wrong-question", transport == "tls" { continue }
                let asked = try await ask(
                    bench, behaviour + ".test", over: transport, at: "127.0.0.1:\(peer.port(transport))")
                #expect(asked.code == code, "\(transport): \(String(describing: asked.failure))")
            }
        }
    }

    @Test func cutConnectionsAndPlainOnes() async throws {
        try await withPeer { peer, bench in
            for (behaviour, code) in [("tcp-short", ErrorCode.truncated), ("tcp-close", .connectionReset)] {
                let asked = try await ask(
                    bench, behaviour + ".test", over: "tls", at: "127.0.0.1:\(peer.port("tls"))")
                #expect(asked.code == code, "\(behaviour): \(String(describing: asked.failure))")
            }
            // The plain port does not speak TLS, and one is closed.
            let closed = try FreePorts.closed()
            for transport in Self.transports {
                let plain = try await ask(
                    bench, "a.test", over: transport, at: "127.0.0.1:\(peer.port())", timeout: .seconds(60),
                    [.init("retries", .integer(0))])
                #expect(plain.failure?.stage == .tls, "\(transport): \(String(describing: plain.failure))")
                #expect(plain.report.answer == nil)
                let nobody = try await ask(bench, "a.test", over: transport, at: "127.0.0.1:\(closed)")
                #expect(nobody.code == .connectionRefused, "\(transport)")
                #expect(nobody.failure?.stage == .connect, "\(transport)")
            }
        }
    }

    /// One byte, and then one a second: the whole answer has its deadline, not each byte.
    @Test func slowServersAreLeftAtTheDeadline() async throws {
        try await withPeer { peer, bench in
            for (transport, port) in [("tcp", peer.port()), ("tls", peer.port("tls"))] {
                let asked = try await patiently(until: { $0.failure?.stage == .response }) { scale in
                    try await ask(
                        bench, "drip.test", over: transport, at: "127.0.0.1:\(port)", timeout: .seconds(2) * scale,
                        [.init("retries", .integer(0))])
                }
                #expect([.resolveTimeout, .deadlineExceeded].contains(asked.code), "\(transport)")
                #expect(asked.failure?.stage == .response)
                #expect(await bench.closesAll)
            }
            let silent = try await patiently(until: { $0.failure?.stage == .response }) { scale in
                try await ask(
                    bench, "a.test", over: "https", at: "https://127.0.0.1:\(peer.port("https"))/silent",
                    timeout: .seconds(2) * scale, [.init("retries", .integer(0))])
            }
            #expect([.resolveTimeout, .deadlineExceeded].contains(silent.code))
            #expect(silent.failure?.stage == .response)
        }
    }

    @Test func cancellingClosesTheConnectionAtOnce() async throws {
        try await withPeer { peer, bench in
            let certificates = try await TestCertificates.shared()
            let places = [
                ("tls", "127.0.0.1:\(peer.port("tls"))"), ("https", "https://127.0.0.1:\(peer.port("https"))/silent"),
            ]
            for (transport, place) in places {
                let probe = try DNSTool().prepare(
                    target: "silent.test",
                    parameters: [
                        .init("resolver", .string(place)), .init("transport", .string(transport)),
                        try Self.authority(certificates),
                    ])
                let results = EventLog<ProbeResult>()
                let running = bench.engine.start(probe, deadline: bench.engine.time.now + .seconds(60)) {
                    results.append($0)
                }
                _ = try await peer.events.next("query") { $0["event"]?.string == "query" }
                running.stop(.cancelled)
                let result = try await results.next("result", within: .seconds(5))
                #expect(result.outcome.failure?.code == .cancelled)
                #expect(await bench.closesAll)
            }
        }
    }

    private func withPeer(_ body: (PythonPeer, DNSBench) async throws -> Void) async throws {
        let peer = try await PythonPeer.dns(secureBy: try await TestCertificates.shared().good)
        let bench = try DNSBench()
        defer { bench.stop() }
        try await body(peer, bench)
        await peer.stop()
    }
}

extension DNSBench {
    func ask(_ target: String, _ type: String, _ more: [ParameterValue.Member]) async throws -> Asked {
        try await ask(target, type, port: nil, timeout: nil, more)
    }
}
