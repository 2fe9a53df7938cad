import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// The tls tool against OpenSSL's own s_server and nginx.
@Suite struct TLSToolTests {
    private typealias Files = any KeyPath<TestCertificates, CertificateFiles> & Sendable

    private static let wrong: [(Files, ErrorCode, sent: Int)] = [
        (\.missingIntermediate, .tlsIncompleteChain, 1), (\.wrongHost, .tlsHostnameMismatch, 2),
        (\.expired, .tlsCertificateExpired, 2), (\.notYetValid, .tlsCertificateNotYetValid, 2),
        (\.selfSigned, .tlsSelfSigned, 1), (\.otherAuthority, .tlsUnknownAuthority, 1),
    ]

    @Test func goodChains() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        for (files, key, bits) in [(tool.certificates.good, "EC", 256), (tool.certificates.rsa, "RSA", 2048)] {
            for address in ["127.0.0.1", "::1"] {
                let seen = try await tool.look(nginx.httpsPort(files), at: address, ["alpn": .string("h2,http/1.1")])
                #expect(seen.code == nil && seen.result.outcome.resolvedAddress?.description == address)
                let session = try #require(seen.report.session)
                #expect(session.version == "TLSv1.3" && session.alpn == "h2" && session.group == "x25519")
                #expect(seen.report.chain.count == 2 && seen.report.verdict?.hostMatches == true)
                #expect(seen.report.chain[0].keyType == key && seen.report.chain[0].keyBits == bits)
                #expect(seen.report.connectTime ?? .zero > .zero && seen.report.handshakeTime ?? .zero > .zero)
                #expect(!seen.report.isStapled && seen.weaknesses.isEmpty)
            }
        }
    }

    /// What `openssl x509` reads in the file is what the report says.
    @Test func theCertificateIsToldAsOpenSSLTellsIt() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let seen = try await tool.look(nginx.httpsPort(tool.certificates.rsa))
        let leaf = try #require(seen.report.chain.first)
        let told = try await Oracle.check(
            "openssl",
            [
                "x509", "-in", tool.certificates.rsa.chain, "-noout", "-serial", "-fingerprint", "-sha256", "-subject",
                "-nameopt", "RFC2253", "-enddate", "-dateopt", "iso_8601",
            ])
        func value(_ name: String) -> String? {
            told.split(separator: "\n").first { $0.lowercased().hasPrefix("\(name)=") }.map {
                String($0.drop { $0 != "=" }.dropFirst())
            }
        }
        #expect(value("serial") == leaf.serial)
        #expect(value("sha256 fingerprint")?.replacing(":", with: "").lowercased() == leaf.sha256)
        #expect(value("subject") == leaf.subject)
        #expect(value("notafter")?.replacing(" ", with: "T") == leaf.notAfter?.iso8601.replacing(".000", with: ""))
        #expect(leaf.alternativeNames.contains("*.wild.test") && leaf.alternativeNames.contains("::1"))
    }

    @Test(arguments: wrong.indices)
    func eachWrongCertificateHasItsCode(_ index: Int) async throws {
        let (path, code, sent) = Self.wrong[index]
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let files = tool.certificates[keyPath: path]
        let nginx = try await HTTPProbe.nginx()
        let server = try await OpenSSLServer(files)
        for port in [nginx.httpsPort(files), server.port] {
            let seen = try await tool.look(port)
            #expect(seen.code == code && seen.stage == .tls, "\(String(describing: seen.result.outcome.failure))")
            #expect(seen.report.session?.version == "TLSv1.3" && seen.report.chain.count == sent)
            #expect(seen.report.verdict?.code == code)
            #expect(seen.report.verdict?.hostMatches == (code != .tlsHostnameMismatch))
            // The first thing that OpenSSL's own client finds wrong.
            let client = try await Oracle.run(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", tool.certificates.authority,
                    "-verify_hostname", "good.test", "-servername", "good.test", "-verify_return_error",
                ])
            let number = try #require(seen.report.verdict?.error)
            let text = client.output + client.errors
            #expect(!client.isSuccess && text.contains("error:num=\(number):"), "\(number) \(text)")
        }
        await server.stop()
    }

    @Test func theSystemsAuthoritiesDoNotKnowOurs() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let seen = try await tool.look(nginx.httpsPort(tool.certificates.good), ["ca_pem": .null])
        #expect(seen.code == .tlsUnknownAuthority && seen.report.chain.count == 2)
    }

    // MARK: Versions

    @Test func theScanFindsWhatNginxSpeaks() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let seen = try await tool.look(nginx.httpsPort(tool.certificates.good), ["versions": .bool(true)])
        #expect(seen.code == nil && seen.report.trials.map(\.version) == TLSVersion.allCases)
        #expect(seen.report.trials.map(\.isAccepted) == [false, false, true, true])
        #expect(seen.report.trials[0].failure?.code == .tlsVersionUnsupported)
        #expect(seen.report.trials[2].cipher == "ECDHE-ECDSA-AES256-GCM-SHA384")
        #expect(seen.weaknesses.isEmpty)
    }

    @Test func aServerWithTLS10Only() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        for files in [tool.certificates.good, tool.certificates.rsa] {
            let server = try await OpenSSLServer(files, ["-tls1", "-cipher", "ALL:@SECLEVEL=0"])
            let seen = try await tool.look(server.port, ["versions": .bool(true)])
            #expect(seen.code == nil && seen.report.session?.version == "TLSv1")
            #expect(seen.report.trials.map(\.isAccepted) == [true, false, false, false])
            #expect(seen.weaknesses == [.oldProtocol])
            let newer = try await tool.look(server.port, ["min_version": .string("1.2")])
            #expect(newer.code == .tlsVersionUnsupported && newer.stage == .tls)
            #expect(newer.report.session == nil && newer.report.connectTime != nil)
            await server.stop()
        }
    }

    @Test func limitsOfTheVersions() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let port = nginx.httpsPort(tool.certificates.good)
        #expect(try await tool.look(port, ["max_version": .string("1.2")]).report.session?.version == "TLSv1.2")
        let old = try await tool.look(port, ["max_version": .string("1.1"), "versions": .bool(true)])
        #expect(old.code == .tlsVersionUnsupported)
        // The scan has limits of its own.
        #expect(old.report.trials.map(\.isAccepted) == [false, false, true, true])
    }

    @Test func whatIsWeakIsNamed() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let server = try await OpenSSLServer(
            tool.certificates.old, ["-cipher", "AES128-SHA:@SECLEVEL=0", "-tls1_2"])
        let seen = try await tool.look(server.port, ["sni": .string("")])
        await server.stop()
        #expect(seen.report.serverName == nil)
        #expect(seen.code == .tlsHostnameMismatch && seen.report.chain[0].keyBits == 1024)
        #expect(seen.report.chain[0].signatureAlgorithm == "ecdsa-with-SHA1")
        #expect(
            seen.weaknesses == [.noForwardSecrecy, .weakKey, .weakSignature, .noAlternativeNames, .stapleMissing])
    }

    @Test func certificatesInTheWrongOrder() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let folder = try TemporaryFolder()
        let texts = try [tool.certificates.authority, tool.certificates.good.chain].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        let chain = try folder.write(texts.joined(), to: "chain.pem")
        let files = tool.certificates.good
        let server = try await OpenSSLServer(nil, ["-cert", files.chain, "-key", files.key, "-cert_chain", chain])
        let seen = try await tool.look(server.port)
        await server.stop()
        #expect(seen.code == nil && seen.report.chain.count == 4 && seen.weaknesses == [.chainOrder])
    }

    // MARK: Handshakes that fail

    /// TLS 1.2 refuses us in the handshake, TLS 1.3 after it.
    @Test func aServerThatWantsAClientsCertificate() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        for (version, code) in [("-tls1_2", ErrorCode.tlsHandshakeFailed), ("-tls1_3", nil)] {
            let server = try await OpenSSLServer(tool.certificates.good, ["-Verify", "1", version])
            let seen = try await tool.look(server.port)
            await server.stop()
            #expect(seen.code == code && seen.report.asksForCertificate)
            #expect(seen.report.chain.count == 2 && seen.report.verdict?.isGood == true)
        }
    }

    @Test func whatIsNoTLS() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let plain = try await tool.look(nginx.httpPort, ["versions": .bool(true)])
        #expect(plain.code == .tlsHandshakeFailed && plain.report.trials.allSatisfy { $0.isAccepted == false })
        let closed = try await tool.look(try FreePorts.closed(), ["versions": .bool(true)])
        #expect(closed.code == .connectionRefused && closed.stage == .connect && closed.report.trials.isEmpty)
        #expect(closed.report.connectTime == nil)
    }

    @Test func theDeadlineCutsAtItsStage() async throws {
        let time = ManualTime()
        let names = try await PythonPeer.dns()
        let tool = try await TLSToolBench(ResolverSettings(servers: [loopback(names.port())]), time: time)
        defer { tool.stop() }
        let (_, results) = try tool.bench.start("silent.test", try tool.parameters(443, [:]))
        _ = try await names.events.next("query")
        time.advance(by: .seconds(60))
        let resolving = try await results.next("result")
        #expect(resolving.stage == .resolve && [.deadlineExceeded, .resolveTimeout].contains(resolving.code))
        await names.stop()

        let peer = try await PythonPeer.startTLS(tool.certificates.good)
        let seen = try await tool.cut(peer, at: "silent", "silent", time)
        #expect(seen.code == .deadlineExceeded && seen.stage == .tls)
        #expect(seen.report.connectTime != nil && seen.report.handshakeTime == nil)
        #expect(await tool.bench.openDescriptors == 0)
        await peer.stop()
    }

    /// The peer's queue is full: a connection neither comes about nor fails.
    @Test func theDeadlineCutsAConnect() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let seen = try await tool.look(try await HTTPProbe.peer().port("backlog"), timeout: .seconds(1))
        #expect(seen.code == .deadlineExceeded && seen.stage == .connect && seen.report.connectTime == nil)
        #expect(await tool.bench.openDescriptors == 0)
    }

    @Test func cancellingClosesTheSocketAtOnce() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let peer = try await PythonPeer.startTLS(tool.certificates.good)
        for (name, event) in [("silent", "silent"), ("mute", "mute"), ("tls-silent", "tls")] {
            let parameters = try tool.parameters(peer.port(name), ["starttls": .string("smtp")])
            let (running, results) = try tool.bench.start("127.0.0.1", parameters)
            _ = try await peer.events.next(event) { $0["event"]?.string == event }
            running.stop(.cancelled)
            let result = try await results.next("result")
            #expect(result.code == .cancelled && result.stage == .tls)
            #expect(await tool.bench.openDescriptors == 0)
        }
        await peer.stop()
    }

    @Test func thePolicyIsAskedFirst() async throws {
        let denied = try OneToolBench(TLSTool(), policy: DenyPurpose(purpose: .target))
        defer { denied.stop() }
        let result = try await denied.run("127.0.0.1")
        #expect(result.code == .policyDenied && result.stage == .policy)
    }

    @Test func bothFamiliesSideBySide() async throws {
        let tool = try await TLSToolBench()
        defer { tool.stop() }
        let nginx = try await HTTPProbe.nginx()
        let result = try await tool.bench.run(
            "localhost",
            try tool.parameters(nginx.httpsPort(tool.certificates.good), ["ip_version": .string("both")]))
        let both = try #require(result.outcome.report as? SideBySide)
        #expect(result.code == nil)
        #expect(both.v4.resolvedAddress?.family == .v4 && both.v6.resolvedAddress?.family == .v6)
    }

    @Test func badParametersAreRefused() throws {
        let refused: [([String: ParameterValue], String)] = [
            (["port": .integer(0)], "port"), (["port": .integer(65536)], "65535"),
            (["sni": .string("127.0.0.1")], "sni"), (["sni": .string("a b")], "sni"),
            (["alpn": .integer(2)], "alpn"), (["alpn": .array([.string("")])], "alpn"),
            (["alpn": .array(Array(repeating: .string("h2"), count: 17))], "alpn"),
            (["alpn": .string(String(repeating: "x", count: 256))], "alpn"),
            (["starttls": .string("telnet")], "starttls"), (["min_version": .string("0.9")], "min_version"),
            (["min_version": .string("1.3"), "max_version": .string("1.2")], "min_version 1.3"),
            (["versions": .string("perhaps")], "versions"), (["ca_pem": .string("nothing")], "ca_pem"),
        ]
        for (parameters, words) in refused {
            let members = parameters.map { ParameterValue.Member($0.key, $0.value) }
            let error = #expect(throws: InvalidInput.self, "\(parameters)") {
                try TLSTool().prepare(target: "example.com", parameters: members)
            }
            #expect(error?.detail.contains(words) == true && error?.code == .invalidParameters)
        }
        for target in ["", "a b", "example.com:443", "-x"] {
            #expect(throws: InvalidInput.self) { try TLSTool().prepare(target: target) }
        }
    }

    @Test func portsByDefault() throws {
        func port(_ members: [ParameterValue.Member]) -> UInt16 {
            var reader = ParameterReader(members)
            return TLSParameters(&reader).port
        }
        #expect(port([]) == 443 && port([.init("starttls", .string("SMTP"))]) == 25)
        #expect(port([.init("starttls", .string("smtp")), .init("port", .integer(587))]) == 587)
    }
}
