import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct ReverseDNSTests {
    private static let pointer: [UInt8] = [4] + "mail".utf8 + [4] + "test".utf8 + [0]

    /// Against nsd, with dig as the oracle.
    @Test func namesThatLeadBackAndNamesThatDoNot() async throws {
        let nsd = try await NSDServer()
        let bench = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [loopback(nsd.port)]))
        defer { bench.stop() }
        let cases: [(address: String, names: [String: Bool])] = [
            ("192.0.2.25", ["mail.probe.test": true]), ("2001:db8::1", ["six.probe.test": true]),
            ("[2001:db8::1]", ["six.probe.test": true]), ("192.0.2.2", ["liar.probe.test": false]),
            ("192.0.2.3", ["elsewhere.probe.test": false, "many.probe.test": true]),
            ("192.0.2.5", ["mail.probe.test": false]), ("192.0.2.6", ["a\\032space.probe.test": false]),
        ]
        for (address, names) in cases {
            let result = try await bench.run(address)
            let report = try #require(result.outcome.report as? ReverseDNSReport)
            #expect(result.outcome.failure == nil, "\(address)")
            let found = report.names.map { ($0.hostname, $0.isConfirmed) }
            #expect(Dictionary(found) { $1 } == names, "\(address)")
            #expect(report.isConfirmed == names.values.contains(true), "\(address)")
            #expect(report.queryTime != nil && report.confirmTime != nil)
            #expect(result.outcome.resolvedAddress == IPAddress(address))
            let bare = address.filter { $0 != "[" && $0 != "]" }
            let dig = try await Oracle.check("dig", ["@127.0.0.1", "-p", "\(nsd.port)", "+short", "-x", bare])
            let theirs = Set(dig.split(separator: "\n").map(String.init))
            #expect(theirs.isSuperset(of: report.names.map { $0.hostname + "." }), "\(address): \(dig)")
        }
        let many = try await bench.run("192.0.2.3").outcome.report as? ReverseDNSReport
        #expect(
            many?.names.first { $0.hostname == "many.probe.test" }?.addresses.map(\.description).sorted()
                == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
        await nsd.stop()
    }

    @Test func addressesWithoutANameSayWhy() async throws {
        let nsd = try await NSDServer()
        let bench = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [loopback(nsd.port)]))
        defer { bench.stop() }
        let missing = try await bench.run("192.0.2.99")
        #expect(missing.code == .resolveNXDomain && missing.stage == .resolve)
        let report = try #require(missing.outcome.report as? ReverseDNSReport)
        #expect(report.answer?.responseCode == .nameError)
        #expect(report.answer?.records.first?.type == "SOA")
        #expect(report.isConfirmed == nil && report.names.isEmpty)
        #expect(try await bench.run("192.0.2.4").code == .noAddress)
        #expect(try await bench.run("198.51.100.1").code == .resolveRefused)
        // The name is in nobody's zone here: found, and nobody can say where it leads.
        let unclear = try await bench.run("192.0.2.7")
        #expect(unclear.outcome.failure == nil)
        let names = (unclear.outcome.report as? ReverseDNSReport)?.names
        #expect(names?.map(\.hostname) == ["www.elsewhere.example"])
        #expect(names?.first?.isConfirmed == nil && names?.first?.failure?.code == .resolveRefused)
        #expect((unclear.outcome.report as? ReverseDNSReport)?.isConfirmed == nil)
        await nsd.stop()
    }

    @Test func asksTheResolverThatTheJobNames() async throws {
        let nsd = try await NSDServer()
        let bench = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [loopback(nsd.port)]))
        defer { bench.stop() }
        let silent = try OneToolBench(ReverseDNSTool(), policy: DenyPurpose(purpose: .systemResolver))
        defer { silent.stop() }
        for server in ["127.0.0.1:\(nsd.port)", "[::1]:\(nsd.port)"] {
            let result = try await silent.run("192.0.2.25", ["resolver": .string(server)])
            #expect((result.outcome.report as? ReverseDNSReport)?.isConfirmed == true, "\(server)")
        }
        let byName = try await bench.run("192.0.2.25", ["resolver": .string("v6.probe.test:\(nsd.port)")])
        let report = byName.outcome.report as? ReverseDNSReport
        #expect(report?.resolver?.description == "[::1]:\(nsd.port)")
        #expect(report?.isConfirmed == true)
        let unknown = try await bench.run("192.0.2.25", ["resolver": .string("missing.probe.test")])
        #expect(unknown.code == .resolveNXDomain && unknown.stage == .resolve)
        #expect(try await bench.run("192.0.2.25", ["ip_version": .integer(6)]).code == .noAddress)
        let unconfirmed = try await bench.run("192.0.2.25", ["confirm": .bool(false)])
        let names = (unconfirmed.outcome.report as? ReverseDNSReport)?.names
        #expect(names?.map(\.hostname) == ["mail.probe.test"] && names?.first?.isConfirmed == nil)
        await nsd.stop()
    }

    @Test func serversThatFail() async throws {
        let closed = try FreePorts.closed()
        let nobody = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [loopback(closed)]))
        defer { nobody.stop() }
        #expect(try await nobody.run("192.0.2.1").code == .resolveFailure)
        let none = try OneToolBench(ReverseDNSTool())
        defer { none.stop() }
        #expect(try await none.run("192.0.2.1").code == .noAddress)
        let server = try ScriptedNameServer { $0.answer(rcode: 2).bytes }
        let servfail = try OneToolBench(
            ReverseDNSTool(), ResolverSettings(servers: [server.address]), policy: AllowAll())
        defer { servfail.stop() }
        #expect(try await servfail.run("2001:db8::9").code == .resolveFailure)
        let denied = try OneToolBench(
            ReverseDNSTool(), ResolverSettings(servers: [server.address]),
            policy: DenyPurpose(purpose: .systemResolver))
        defer { denied.stop() }
        let result = try await denied.run("192.0.2.1")
        #expect(result.code == .policyDenied && result.stage == .policy)
        server.stop()
    }

    @Test func aSilentServerIsATimeout() async throws {
        let server = try ScriptedNameServer { _ in nil }
        let time = ManualTime()
        let bench = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [server.address]), time: time)
        defer { bench.stop() }
        let (_, results) = try bench.start("192.0.2.1")
        for _ in 0..<2 {
            _ = try await server.queries.next("query")
            time.advance(by: .seconds(5))
        }
        #expect(try await results.next("result").code == .resolveTimeout)
        server.stop()
    }

    @Test(arguments: [StopReason.deadline, .cancelled, .shutdown])
    func whatWasFoundBeforeTheEndIsKept(_ reason: StopReason) async throws {
        let server = try ScriptedNameServer { query in
            guard query.type == 12 else { return nil }
            var message = query.answer()
            message.add(.answer, type: 12, ttl: 60, Self.pointer)
            return message.bytes
        }
        let time = ManualTime()
        let bench = try OneToolBench(ReverseDNSTool(), ResolverSettings(servers: [server.address]), time: time)
        defer { bench.stop() }
        let (running, results) = try bench.start("192.0.2.1", deadline: .seconds(3))
        _ = try await server.queries.next("forward query") { $0.type == 1 }
        if reason == .deadline { time.advance(by: .seconds(3)) } else { running.stop(reason) }
        let result = try await results.next("result")
        #expect(result.code == reason.failure(at: .resolve).code && result.stage == .resolve)
        #expect((result.outcome.report as? ReverseDNSReport)?.names.map(\.hostname) == ["mail.test"])
        #expect(await bench.openDescriptors == 0)
        server.stop()
    }

    @Test(arguments: [
        ("example.com", [:]), ("", [:]), ("192.0.2", [:]), ("192.0.2.1/24", [:]), ("2130706433", [:]),
        ("192.0.2.1", ["resolver": ParameterValue.string("a b")]), ("192.0.2.1", ["resolver": .string("[::1")]),
        ("192.0.2.1", ["confirm": .string("maybe")]),
    ])
    func refusesBadInput(_ target: String, _ parameters: [String: ParameterValue]) {
        let members = parameters.map { ParameterValue.Member($0.key, $0.value) }
        let error = #expect(throws: InvalidInput.self) {
            try ReverseDNSTool().prepare(target: target, parameters: members)
        }
        #expect(error?.code == .invalidParameters)
    }
}

/// The look-up that traceroute and others share.
@Suite struct NamesOfAddressesTests {
    @Test func hostsFirstThenPTRThenTheCache() async throws {
        let server = try ScriptedNameServer { query in
            if query.name.hasPrefix("9.") { return query.negative(rcode: 3, minimum: 60) }
            var message = query.answer()
            message.add(.answer, type: 12, ttl: 60, [4] + "mail".utf8 + [4] + "test".utf8 + [0])
            return message.bytes
        }
        let folder = try TemporaryFolder()
        let hosts = try folder.write("192.0.2.7 router.example gw\n", to: "hosts")
        let settings = ResolverSettings(servers: [server.address])
        let bench = try ResolverBench(ResolverConfiguration(settings: .fixed(settings), hostsFile: hosts))
        defer { bench.stop() }
        #expect(await bench.names("192.0.2.7") == ["router.example", "gw"])
        #expect(server.log.isEmpty)
        for _ in 0..<3 {
            #expect(await bench.names("192.0.2.1") == ["mail.test"])
            #expect(await bench.names("192.0.2.9") == [])
        }
        #expect(server.log.count == 2)
        server.stop()
        let none = try ResolverBench([])
        defer { none.stop() }
        #expect(await none.names("192.0.2.1") == nil)
    }
}

extension ResolverBench {
    /// Nil for a failure.
    fileprivate func names(_ address: String) async -> [String]? {
        await on(reactor) { reactor in
            guard let address = IPAddress(address) else { return nil }
            return try? await reactor.local(Resolver.self).names(
                of: address, tool: "test", until: reactor.now + .seconds(3600))
        }
    }
}
