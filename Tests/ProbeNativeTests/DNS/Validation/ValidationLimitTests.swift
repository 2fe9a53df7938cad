import ProbeTesting
import Testing

@testable import ProbeNative

/// What validation does with clocks, anchors, limits and servers that do not help.
@Suite struct ValidationLimitTests {
    @Test func anchorsMayBeKeysAndMayBeBelowTheRoot() async throws {
        try await withTree { tree, bench in
            let key = try await SignedZones.shared().anchorKey
            let byKey = try await bench.validate("www.secure.test", port: tree.resolver, anchor: key)
            #expect(byKey.report.verdict?.status == .secure)
            // The key of test. as its own zone shows it.
            let keys = try await bench.ask(
                "test", "DNSKEY", port: tree.resolver)
            let line = "test. IN DNSKEY " + (try #require(keys.values().first))
            let below = try await bench.validate("www.secure.test", port: tree.resolver, anchor: "; a comment\n" + line)
            #expect(below.report.verdict?.status == .secure)
            #expect(below.report.verdict?.chain.map(\.zone) == ["test.", "secure.test."])
            let outside = try await bench.validate("nope", port: tree.resolver, anchor: line)
            #expect(outside.report.verdict?.status == .indeterminate)
            #expect(outside.report.verdict?.reason == "No trust anchor is above nope.")
            #expect(outside.code == .resolveNXDomain)
            let other = try await bench.ask(
                "www.secure.test", "A", port: tree.resolver, [.init("validate", .bool(true))])
            // The true root's keys do not fit this root.
            #expect(other.report.verdict?.status == .bogus)
            #expect(other.failure?.detail == "No DNSKEY of . matches the trust anchor.")
        }
    }

    /// Signatures are judged by the injected clock.
    @Test func aClockThatIsWrongMakesGoodSignaturesBad() async throws {
        let past = ShiftedTime(by: .seconds(-10 * 86_400))
        let future = ShiftedTime(by: .seconds(60 * 86_400))
        for (time, word) in [(past, "is not valid before"), (future, "expired at")] {
            try await withTree(time: time) { tree, bench in
                let asked = try await bench.validate("www.secure.test", port: tree.resolver)
                #expect(asked.code == .dnssecBogus)
                #expect(asked.failure?.detail.contains(word) == true, "\(String(describing: asked.failure))")
            }
        }
        try await withTree(time: ShiftedTime(by: .seconds(10 * 86_400))) { tree, bench in
            let asked = try await bench.validate("www.future.test", port: tree.resolver)
            #expect(asked.report.verdict?.status == .secure)
        }
    }

    /// Asked of the zone's own server, with an anchor for that zone only.
    @Test func anAliasMayLeadOutOfWhatIsTrusted() async throws {
        try await withTree { tree, bench in
            let place = ParameterValue.Member("resolver", .string("127.1.0.3:\(tree.tree.port)"))
            let keys = try await bench.ask("secure.test", "DNSKEY", port: nil, [place])
            let anchor = ParameterValue.Member(
                "trust_anchor", .string("secure.test. IN DNSKEY " + (try #require(keys.values().first))))
            let validate = ParameterValue.Member("validate", .bool(true))
            let inside = try await bench.ask("alias.secure.test", "A", port: nil, [place, anchor, validate])
            #expect(inside.report.verdict?.status == .secure)
            let outside = try await bench.ask("crossing.secure.test", "A", port: nil, [place, anchor, validate])
            #expect(outside.failure == nil)
            #expect(outside.report.verdict?.status == .indeterminate)
            #expect(outside.report.verdict?.reason == "No trust anchor is above www.hashed.test.")
        }
    }

    @Test func overTCPAndInSmallMessages() async throws {
        try await withTree { tree, bench in
            for more in [("transport", ParameterValue.string("tcp")), ("edns_size", .integer(512))] {
                let asked = try await bench.validate(
                    "many.hashed.test", port: tree.resolver, [.init(more.0, more.1)])
                #expect(asked.report.verdict?.status == .secure, "\(more)")
            }
        }
    }

    /// The chain is asked for over the same way as the question.
    @Test func overTLS() async throws {
        let certificates = try await TestCertificates.shared()
        let tree = try await SignedTree()
        let unbound = try await tree.resolver(validates: false, certificate: certificates.good)
        let bench = try DNSBench()
        defer { bench.stop() }
        let authority = try await Oracle.check("cat", [certificates.authority])
        let more: [ParameterValue.Member] = [
            .init("transport", .string("tls")), .init("ca_pem", .string(authority)),
        ]
        let good = try await bench.validate("www.hashed.test", port: unbound.ports[1], more)
        #expect(good.failure == nil)
        #expect(good.report.verdict?.status == .secure)
        let bad = try await bench.validate("www.altered.test", port: unbound.ports[1], more)
        #expect(bad.code == .dnssecBogus)
        await unbound.stop()
        await tree.stop()
    }

    /// A resolver that knows nothing of DNSSEC hides the signatures: what it says cannot be told from a forgery.
    @Test func aResolverWithoutSignaturesIsNotBelieved() async throws {
        let server = try ScriptedNameServer { query in query.answer([192, 0, 2, 1]) }
        defer { server.stop() }
        let bench = try DNSBench()
        defer { bench.stop() }
        let asked = try await bench.validate("www.secure.test", port: Int(server.address.port))
        #expect(asked.code == .dnssecBogus)
        #expect(asked.failure?.detail == ". has no DNSKEY, and the trust anchor says that it is signed.")
        #expect(asked.values() == ["192.0.2.1"])
    }

    @Test func keysThatCannotBeHadMakeItIndeterminate() async throws {
        for (rcode, code) in [(UInt8(2), ErrorCode.resolveFailure), (5, .resolveRefused)] {
            let server = try ScriptedNameServer { query in
                query.type == 48 ? query.answer(rcode: rcode).bytes : query.answer([192, 0, 2, 1])
            }
            defer { server.stop() }
            let bench = try DNSBench()
            defer { bench.stop() }
            let asked = try await bench.validate("www.secure.test", port: Int(server.address.port))
            #expect(asked.code == code)
            #expect(asked.report.verdict?.status == .indeterminate)
            #expect(asked.report.verdict?.reason?.hasPrefix("Validating: ") == true)
        }
        let refusing = try ScriptedNameServer { query in query.answer(rcode: 2).bytes }
        defer { refusing.stop() }
        let bench = try DNSBench()
        defer { bench.stop() }
        let asked = try await bench.validate("a.test", port: Int(refusing.address.port))
        #expect(asked.code == .resolveFailure)
        #expect(asked.report.verdict?.status == .indeterminate)
    }

    /// More keys than a zone has (CVE-2023-50387).
    @Test func workIsBounded() async throws {
        let anchor = ". IN DS 1 13 2 " + String(repeating: "ab", count: 32)
        let key: [UInt8] = [1, 1, 3, 13] + [UInt8](repeating: 7, count: 8)
        let server = try ScriptedNameServer { query in
            var message = query.answer()
            for index in 0..<150 where query.type == 48 {
                message.add(.answer, type: 48, ttl: 60, key + [UInt8(index)])
            }
            return message.bytes
        }
        defer { server.stop() }
        let bench = try DNSBench()
        defer { bench.stop() }
        let asked = try await bench.validate("a.test", port: Int(server.address.port), anchor: anchor)
        #expect(asked.code == .dnssecBogus)
        #expect(asked.failure?.detail.contains("more than 64 are not looked at") == true)
    }

    @Test func signaturesAreTriedALimitedNumberOfTimes() async throws {
        let zone = CanonicalName(try DNSName("z"))
        let text = "z. 60 IN DNSKEY 257 3 13 "
        // Any bytes are a key as long as nobody calculates with them.
        let keys = try (0..<40).map { index in
            let bytes = [UInt8](repeating: UInt8(index), count: 64)
            let record = try #require(LDNSRecord(text: text + bytes.base64))
            return try #require(ZoneKey(record))
        }
        var set = SignedSet(owner: zone, type: .a)
        set.add(try #require(LDNSRecord(text: "z. 60 IN A 192.0.2.1")))
        for key in keys {
            let signature = [UInt8](repeating: 9, count: 64).base64
            let line = "z. 60 IN RRSIG A 13 1 60 20380101000000 20200101000000 \(key.tag) z. \(signature)"
            let record = try #require(LDNSRecord(text: line))
            set.add(try #require(RecordSignature(record)))
        }
        var check = SignatureCheck(SystemTime())
        #expect((try? await check.verify(set, of: zone, by: keys)) == nil)
        #expect(check.spent == SignatureCheck.mostPerSet)
        for _ in 0..<40 { _ = try? await check.verify(set, of: zone, by: keys) }
        #expect(check.spent == SignatureCheck.mostInAll)
    }

    @Test func cancellingEndsAValidation() async throws {
        let server = try ScriptedNameServer { query in query.type == 48 ? nil : query.answer([192, 0, 2, 1]) }
        defer { server.stop() }
        let bench = try DNSBench()
        defer { bench.stop() }
        let probe = try DNSTool().prepare(
            target: "a.test",
            parameters: [
                .init("validate", .bool(true)), .init("resolver", .string("127.0.0.1:\(server.address.port)")),
            ])
        let results = EventLog<ProbeResult>()
        let running = bench.engine.start(probe, deadline: bench.engine.time.now + .seconds(60)) { results.append($0) }
        while try await server.queries.next().type != 48 {}
        running.stop(.cancelled)
        let result = try await results.next("result", within: .seconds(60))
        #expect(result.outcome.failure?.code == .cancelled)
        #expect((result.outcome.report as? DNSReport)?.answer != nil)
        #expect(await bench.closesAll)
        // And the deadline.
        let late = await patiently(until: { ($0.outcome.report as? DNSReport)?.verdict != nil }) { scale in
            await bench.engine.run(probe, timeout: .milliseconds(400) * scale)
        }
        #expect([.resolveTimeout, .deadlineExceeded].contains(late.outcome.failure?.code))
        #expect((late.outcome.report as? DNSReport)?.verdict?.status == .indeterminate)
    }
}

/// The system's clocks with the wall clock moved.
private struct ShiftedTime: TimeSource {
    let shift: Duration
    private let system = SystemTime()

    init(by shift: Duration) { self.shift = shift }

    var now: Instant { system.now }
    var wallTime: WallTime { WallTime(nanoseconds: system.wallTime.nanoseconds + shift.wholeNanoseconds) }
    func realDelay(until instant: Instant) -> Int64? { system.realDelay(until: instant) }
    func sleep(until instant: Instant) async throws { try await system.sleep(until: instant) }
    func onAdvance(_ body: @escaping @Sendable () -> Void) { system.onAdvance(body) }
}
