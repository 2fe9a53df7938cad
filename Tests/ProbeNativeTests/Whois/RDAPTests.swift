import ProbeTesting
import Testing

@testable import ProbeNative

/// RDAP against a service of the same peer, found by a bootstrap of its own.
@Suite struct RDAPTests {
    private func ask(
        _ target: String, _ rdap: String = "true", _ more: [String: ParameterValue] = [:],
        folder: String = "/bootstrap",
        policy: any AddressPolicy = AllowAll()
    ) async throws -> WhoisToolTests.Asked {
        let peer = try await WhoisToolTests.sharedPeer.value
        let bench = try OneToolBench(WhoisTool(), policy: policy)
        defer { bench.stop() }
        let parameters: [String: ParameterValue] = [
            "rdap": .string(rdap), "rdap_bootstrap": .string("http://127.0.0.1:\(peer.port("rdap"))\(folder)"),
        ]
        let result = try await bench.run(target, parameters.merging(more) { $1 })
        return WhoisToolTests.Asked(result: result, report: try #require(result.outcome.report as? WhoisReport))
    }

    private func service(host: String = "127.0.0.1") async throws -> ParameterValue {
        .string("http://\(host):\(try await WhoisToolTests.sharedPeer.value.port("rdap"))/rdap")
    }

    @Test(arguments: ["good.whois.test", "moved.whois.test"])
    func domains(_ name: String) async throws {
        let asked = try await ask(name)
        #expect(asked.code == nil && asked.report.source == .rdap && asked.report.servers.count == 2)
        let record = asked.report.record
        #expect(record.registrar == "RDAP Registrar, Inc." && record.abuseContact == "abuse@registrar.example")
        #expect(record.created == "1995-08-14T04:00:00Z" && record.expires == "2031-08-13T04:00:00Z")
        #expect(record.updated == "2025-08-14T07:01:34Z")
        #expect(record.nameservers == ["a.example-servers.net", "b.example-servers.net"])
        #expect(record.status == ["client delete prohibited", "active"])
        #expect(asked.report.text?.contains("rdap_level_0") == true)
    }

    @Test(arguments: [
        ("192.0.2.7", "ip/192.0.2.7"), ("2001:db8::7", "ip/2001:db8::7"), ("AS64500", "autnum/64500"),
    ])
    func numbers(_ target: String, _ path: String) async throws {
        let asked = try await ask(target)
        #expect(asked.code == nil && asked.report.record.abuseContact == "abuse@registrar.example")
        #expect(asked.report.servers.last?.name.hasSuffix("/rdap/\(path)") == true)
    }

    @Test func aServiceThatIsGivenNeedsNoBootstrap() async throws {
        for host in ["127.0.0.1", "[::1]"] {
            let asked = try await ask("good.whois.test", "true", ["server": try await service(host: host)])
            #expect(asked.code == nil && asked.report.servers.count == 1)
        }
    }

    @Test(arguments: [
        ("nomatch.whois.test", ErrorCode.resolveNXDomain), ("broken.whois.test", .protocolError),
        ("deep-json.whois.test", .protocolError), ("large.whois.test", .bodyTooLarge),
        ("busy.whois.test", .expectationFailed), ("a.nowhere", .unsupported), ("198.51.100.1", .unsupported),
        ("AS70000", .unsupported),
    ])
    func answersThatAreNone(_ target: String, _ code: ErrorCode) async throws {
        let asked = try await ask(target)
        #expect(asked.code == code, "\(String(describing: asked.result.outcome.failure))")
        #expect(asked.report.record.isEmpty)
    }

    @Test func listsThatAreNone() async throws {
        #expect(try await ask("good.whois.test", folder: "/nolist").code == .protocolError)
        #expect(try await ask("good.whois.test", folder: "/bootstrap/x").code == nil)
        let closed = try FreePorts.closed()
        let gone = try await ask(
            "good.whois.test", "true", ["rdap_bootstrap": .string("http://127.0.0.1:\(closed)/")])
        #expect(gone.code == .connectionRefused)
        // Any JSON is an answer; this one says nothing.
        let stray = try await ask("stray.whois.test")
        #expect(stray.code == nil && stray.report.record.isEmpty)
    }

    @Test func autoFallsBackToWhois() async throws {
        let peer = try await WhoisToolTests.sharedPeer.value
        let root: [String: ParameterValue] = ["server": .string("127.0.0.1:\(peer.port("hop0"))")]
        let rdap = try await ask("good.whois.test", "auto", root)
        #expect(rdap.code == nil && rdap.report.source == .rdap)
        let whois = try await ask("good.whois.test", "auto", root, folder: "/nolist")
        #expect(whois.code == nil && whois.report.source == .whois)
        #expect(whois.report.record.registrar == "Full Registrar, Inc.")
        #expect(whois.report.servers.map { $0.failure?.code } == [.protocolError, nil, nil, nil])
        // That there is no such name is an answer.
        #expect(try await ask("nomatch.whois.test", "auto", root).report.source == .rdap)
    }

    @Test func servicesAreReferrals() async throws {
        let denied = try await ask("good.whois.test", policy: DenyPurpose(purpose: .referral))
        #expect(denied.code == .policyDenied)
        #expect(denied.report.servers.map { $0.failure?.code } == [nil, .policyDenied])
    }

    @Test func theListIsKept() async throws {
        let peer = try await PythonPeer.whois()
        let bench = try OneToolBench(WhoisTool())
        defer { bench.stop() }
        let folder = ParameterValue.string("http://127.0.0.1:\(peer.port("rdap"))/bootstrap/")
        for count in [2, 1, 1] {
            let result = try await bench.run("good.whois.test", ["rdap": .bool(true), "rdap_bootstrap": folder])
            #expect((result.outcome.report as? WhoisReport)?.servers.count == count)
        }
        await peer.stop()
    }

    @Test func theBestKeyWins() {
        func fit(_ key: String, _ target: String) -> Int? {
            (try? WhoisTarget(target)).flatMap { RDAPServices.fit(key, $0) }
        }
        #expect(fit("com", "example.com") == 1 && fit("co.uk", "a.co.uk") == 2 && fit("UK", "a.co.uk") == 1)
        #expect(fit("com", "examplecom") == nil && fit("com", "com") == 1 && fit("m", "example.com") == nil)
        #expect(fit("192.0.2.0/24", "192.0.2.255") == 24 && fit("192.0.2.0/24", "192.0.3.0") == nil)
        #expect(fit("0.0.0.0/0", "1.2.3.4") == 0 && fit("192.0.2.0/33", "192.0.2.0") == nil)
        #expect(fit("2001:db8::/32", "2001:db8:1::1") == 32 && fit("2001:db8::/32", "192.0.2.1") == nil)
        #expect(fit("::/0", "2001::") == 0 && fit("2001:db8::1/128", "2001:db8::1") == 128)
        #expect(fit("2001:db8::/64", "2001:db8::ffff") == 64 && fit("2001:db8::/65", "2001:db8::8000:0:0:0") == nil)
        #expect(fit("192.0.2.1/32", "192.0.2.1") == 32 && fit("192.0.2.1/32", "192.0.2.3") == nil)
        #expect(fit("1-10", "AS10") ?? 0 > fit("1-100", "AS10") ?? .max)
        #expect(
            fit("7", "AS7") != nil && fit("10-1", "AS7") == nil && fit("x", "AS7") == nil && fit("1-10", "AS11") == nil)
    }
}
