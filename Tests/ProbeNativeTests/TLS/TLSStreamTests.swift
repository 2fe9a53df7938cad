import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// TLSStream against OpenSSL's own s_server.
@Suite struct TLSStreamTests {
    private func options(_ mode: TLSOptions.Mode, _ certificates: TestCertificates) throws -> TLSOptions {
        TLSOptions(mode, trust: try TLSBench.trust(certificates.authority))
    }

    @Test func bothModesSpeakBothFamilies() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        for (address, literal) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")] {
            let server = try await OpenSSLServer(certificates.good, ["-alpn", "one,two"], address: address)
            for mode in [TLSOptions.Mode.enforcing, .measuring] {
                var options = try options(mode, certificates)
                options.alpn = ["two", "three"]
                let seen = try await bench.connect(
                    server.port, options, host: literal, to: literal, sending: "stressed")
                #expect(seen.failure == nil && seen.answer == "desserts", "\(String(describing: seen.failure))")
                #expect(seen.session?.version == "TLSv1.3" && seen.session?.alpn == "two")
                #expect(seen.session?.cipher == "TLS_AES_256_GCM_SHA384" && seen.session?.group == "x25519")
                #expect(seen.session?.isForwardSecret == true && seen.session?.renegotiatesSecurely == true)
                #expect(seen.verdict?.isGood == true && seen.peer.count == 2 && seen.verdict?.chain.count == 3)
                #expect(seen.handshake ?? .zero > .zero)
            }
            await server.stop()
        }
    }

    /// Enforcing refuses inside the handshake, and nothing was sent; measuring goes on and tells the same.
    @Test func aBadCertificate() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        for version in ["-tls1_2", "-tls1_3"] {
            let server = try await OpenSSLServer(certificates.expired, [version])
            let refused = try await bench.connect(server.port, try options(.enforcing, certificates), sending: "secret")
            #expect(refused.failure?.code == .tlsCertificateExpired && refused.failure?.stage == .tls)
            #expect(refused.verdict?.code == .tlsCertificateExpired && refused.peer.count == 2)
            #expect(refused.session == nil && refused.answer == nil)
            let measured = try await bench.connect(server.port, try options(.measuring, certificates), sending: "abc")
            #expect(measured.failure == nil && measured.answer == "cba")
            #expect(measured.verdict?.code == .tlsCertificateExpired && measured.peer.count == 2)
            await server.stop()
        }
    }

    @Test func theNameIsSentAndCompared() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        // Shows the second certificate to who asks for the name.
        let server = try await OpenSSLServer(
            certificates.wrongHost,
            ["-servername", "good.test", "-cert2", certificates.good.chain, "-key2", certificates.good.key])
        var options = try options(.measuring, certificates)
        let named = try await bench.connect(server.port, options, host: "good.test.")
        #expect(named.verdict?.hostMatches == true)
        let literal = try await bench.connect(server.port, options)
        #expect(literal.verdict?.code == .tlsHostnameMismatch && literal.failure == nil)
        options.serverName = try Host("www.probe.test")
        #expect(try await bench.connect(server.port, options).verdict?.code == .tlsHostnameMismatch)
        options.serverName = try Host("good.test")
        options.sendsServerName = false
        #expect(try await bench.connect(server.port, options).verdict?.code == .tlsHostnameMismatch)
        await server.stop()
    }

    @Test func oldVersionsAreMeasuredAndNotEnforced() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        let server = try await OpenSSLServer(certificates.rsa, ["-tls1", "-cipher", "ALL:@SECLEVEL=0"])
        let measured = try await bench.connect(server.port, try options(.measuring, certificates), sending: "abc")
        #expect(measured.answer == "cba" && measured.session?.version == "TLSv1")
        let refused = try await bench.connect(server.port, try options(.enforcing, certificates))
        #expect(refused.failure?.code == .tlsVersionUnsupported)
        var newer = try options(.measuring, certificates)
        newer.minimum = .tls11
        #expect(try await bench.connect(server.port, newer).failure?.code == .tlsVersionUnsupported)
        await server.stop()
    }

    @Test func theKeyExchangeIsNamed() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        let options = try options(.measuring, certificates)
        let expected: [(arguments: [String], group: String?, bits: Int?)] = [
            (["-curves", "P-256"], "secp256r1", 256), (["-tls1_2", "-cipher", "AES128-SHA"], nil, nil),
            (["-tls1_2", "-cipher", "DHE-RSA-AES128-SHA"], "modp_2048", 2048),
        ]
        for (arguments, group, bits) in expected {
            let server = try await OpenSSLServer(certificates.rsa, arguments)
            let seen = try await bench.connect(server.port, options)
            #expect(seen.failure == nil, "\(arguments): \(String(describing: seen.failure))")
            #expect(seen.session?.isForwardSecret == (group != nil))
            #expect(seen.session?.group == group && seen.session?.groupBits == bits)
            await server.stop()
        }
    }

    /// More than a record and than the socket's buffers, in both directions.
    @Test func muchData() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        let server = try await OpenSSLServer(certificates.good)
        let line = String(repeating: "0123456789abcdef", count: 900)
        let seen = try await bench.connect(server.port, try options(.enforcing, certificates), sending: line)
        #expect(seen.failure == nil && seen.answer == String(line.reversed()))
        await server.stop()
    }

    /// With TLS's goodbye, and without it.
    @Test func howTheStreamEnds() async throws {
        let certificates = try await TestCertificates.shared()
        let bench = try TLSBench()
        defer { bench.stop() }
        let server = try await OpenSSLServer(certificates.good)
        let options = try options(.enforcing, certificates)
        // s_server takes this for the end.
        let polite = try await bench.connect(server.port, options, sending: "CLOSE")
        #expect(polite.failure == nil && polite.answer == "" && !polite.isTruncated)
        let lines = EventLog<String>()
        async let cut = bench.connect(server.port, options, sending: "abc", readingOnAfter: lines)
        _ = try await lines.next("answer") { $0 == "cba" }
        await server.stop(signal: 9)
        let seen = try await cut
        #expect(seen.failure == nil && seen.isTruncated)
    }
}
