import ProbeNative
import ProbeTesting
import Testing

/// Against nsd and unbound, with dig as the oracle.
@Suite struct DNSToolTests {
    static let everyType = [
        ("probe.test", "SOA"), ("probe.test", "NS"), ("probe.test", "MX"), ("probe.test", "CAA"), ("www", "A"),
        ("www", "AAAA"), ("many", "A"), ("txt", "TXT"), ("binary", "TXT"), ("srv", "SRV"), ("naptr", "NAPTR"),
        ("sshfp", "SSHFP"), ("tlsa", "TLSA"), ("smimea", "SMIMEA"), ("hinfo", "HINFO"), ("loc", "LOC"), ("rp", "RP"),
        ("uri", "URI"), ("https", "HTTPS"), ("svcb", "SVCB"), ("ds", "DS"), ("dnskey", "DNSKEY"), ("cert", "CERT"),
        ("openpgp", "OPENPGPKEY"), ("eui48", "EUI48"), ("eui64", "EUI64"), ("afsdb", "AFSDB"), ("kx", "KX"),
        ("ptr", "PTR"), ("unknown", "TYPE65280"), ("chain1", "A"), ("alias", "CNAME"), ("a.wild", "TXT"),
        ("under_score", "A"), ("xn--mnchen-3ya", "A"), ("x.dname", "A"), ("long", "TXT"), ("huge", "TXT"),
    ]

    @Test func everyRecordTypeReadsAsDigReadsIt() async throws {
        let nsd = try await NSDServer()
        let bench = try DNSBench()
        defer { bench.stop() }
        for (label, type) in Self.everyType {
            let name = label == "probe.test" ? label : label + ".probe.test"
            let dig = try await Oracle.check(
                "dig", ["@127.0.0.1", "-p", "\(nsd.port)", "+noall", "+answer", "+nosplit", name, type])
            let asked = try await bench.ask(name, type, port: nsd.port)
            let ours = asked.report.answer.map { answer in
                answer.records(in: .answer).map { "\($0.name) \($0.ttl) \($0.recordClass) \($0.type) \($0.value)" }
            }
            #expect(asked.failure == nil, "\(name) \(type)")
            #expect(!dig.isEmpty, "\(name) \(type)")
            #expect(
                Set(ours?.map(normal) ?? []) == Set(dig.split(separator: "\n").map { normal(String($0)) }), "\(name)")
        }
        await nsd.stop()
    }

    /// What dig and ldns write differently: hex digits, quotes where they mean nothing, LOC's numbers.
    private func normal(_ line: String) -> String {
        let words = line.lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" })
        let isHTTPS = words.count > 3 && words[3] == "https"
        let isLOC = words.count > 3 && words[3] == "loc"
        return words.map { word in
            if isLOC, let number = Double(word.last == "m" ? word.dropLast() : word) { return "\(number)" }
            return isHTTPS ? word.filter { $0 != "\"" } : String(word)
        }.joined(separator: " ")
    }

    @Test func anAnswerThatDoesNotFitComesOverTCP() async throws {
        let nsd = try await NSDServer()
        let bench = try DNSBench()
        defer { bench.stop() }
        let huge = try await bench.ask("huge.probe.test", "TXT", port: nsd.port)
        #expect(huge.failure == nil)
        #expect(huge.report.truncatedRetry)
        #expect(huge.report.transport == .tcp)
        #expect(huge.report.attempts == 2)
        #expect(huge.report.connectTime != nil)
        #expect(huge.values().count == 60)
        #expect((huge.report.responseSize ?? 0) > 12_000)

        let asked = try await bench.ask("www.probe.test", port: nsd.port, [.init("transport", .string("tcp"))])
        #expect(asked.report.transport == .tcp)
        #expect(!asked.report.truncatedRetry)
        #expect(asked.values() == ["127.0.0.1"])

        #expect(asked.report.answer?.udpSize != nil)
        let narrow = try await bench.ask("long.probe.test", "TXT", port: nsd.port, [.init("edns_size", .integer(0))])
        #expect(narrow.report.truncatedRetry)
        #expect(narrow.report.answer?.udpSize == nil)
        await nsd.stop()
    }

    @Test func saysWhatTheServerSays() async throws {
        let nsd = try await NSDServer()
        let bench = try DNSBench()
        defer { bench.stop() }
        let missing = try await bench.ask("missing.probe.test", port: nsd.port)
        #expect(missing.code == .resolveNXDomain)
        #expect(missing.failure?.stage == .response)
        #expect(missing.rcode == "NXDOMAIN")
        #expect(missing.values(.authority).first?.hasPrefix("ns1.probe.test. hostmaster.probe.test.") == true)

        let empty = try await bench.ask("nodata.probe.test", port: nsd.port)
        #expect(empty.failure == nil)
        #expect(empty.rcode == "NOERROR")
        #expect(empty.values().isEmpty)

        let refused = try await bench.ask("elsewhere.example", port: nsd.port)
        #expect(refused.code == .resolveRefused)
        #expect(refused.rcode == "REFUSED")

        let authoritative = try await bench.ask("www.probe.test", port: nsd.port)
        #expect(authoritative.report.answer?.flags.authoritative == true)
        #expect(authoritative.report.answer?.flags.recursionDesired == true)
        #expect(authoritative.report.answer?.flags.recursionAvailable == false)
        #expect(authoritative.result.outcome.resolvedAddress?.description == "127.0.0.1")
        let flags = try await bench.ask(
            "www.probe.test", port: nsd.port, [.init("recursive", .bool(false)), .init("cd", .bool(true))])
        #expect(flags.report.answer?.flags.recursionDesired == false)

        let chaos = try await bench.ask("version.server", "TXT", port: nsd.port, [.init("class", .string("ch"))])
        #expect(chaos.report.answer?.records.first?.recordClass == "CH")
        await nsd.stop()
    }

    @Test func namesThatAreNoHostNames() async throws {
        let nsd = try await NSDServer()
        let bench = try DNSBench()
        defer { bench.stop() }
        #expect(try await bench.ask("*.wild.probe.test", port: nsd.port).values() == ["127.0.0.1"])
        #expect(try await bench.ask("münchen.probe.test", port: nsd.port).values() == ["127.0.0.1"])
        #expect(try await bench.ask("WWW.Probe.Test.", port: nsd.port).values() == ["127.0.0.1"])
        #expect(try await bench.ask(".", "NS", port: nsd.port).rcode == "REFUSED")
        let v4 = try await bench.ask("192.0.2.25", "PTR", port: nsd.port)
        #expect(v4.report.question.name == "25.2.0.192.in-addr.arpa.")
        #expect(v4.values() == ["mail.probe.test."])
        let v6 = try await bench.ask("2001:db8::1", "PTR", port: nsd.port)
        #expect(v6.values() == ["six.probe.test."])
        let wrong = try await bench.ask("192.0.2.25", "A", port: nsd.port)
        #expect(wrong.code == .invalidParameters)
        await nsd.stop()
    }

    @Test func asksTheSystemsServersAndNamedOnesAndOverIPv6() async throws {
        let nsd = try await NSDServer()
        let unbound = try await UnboundServer(upstream: nsd.port)
        // The first of the system's servers does not listen: the next one is asked.
        let closed = try FreePorts.closed()
        let bench = try DNSBench(ResolverSettings(servers: [loopback(closed), loopback(unbound.port)]))
        defer { bench.stop() }
        let system = try await bench.ask("www.probe.test")
        #expect(system.values() == ["127.0.0.1"])
        #expect(system.report.resolver == loopback(unbound.port))
        #expect(system.report.answer?.flags.recursionAvailable == true)
        #expect(system.report.attempts == 2)

        let named = try await bench.ask("v4.probe.test", [.init("resolver", .string("www.probe.test:\(nsd.port)"))])
        #expect(named.values() == ["127.0.0.1"])
        #expect(named.report.resolver == loopback(nsd.port))
        #expect(named.report.resolveTime != nil)
        let over6 = try await bench.ask(
            "v4.probe.test",
            [.init("resolver", .string("www.probe.test:\(nsd.port)")), .init("ip_version", .integer(6))])
        #expect(over6.report.resolver?.description == "[::1]:\(nsd.port)")
        #expect(over6.values() == ["127.0.0.1"])
        let tcp6 = try await bench.ask(
            "v4.probe.test", [.init("resolver", .string("[::1]:\(nsd.port)")), .init("transport", .string("tcp"))])
        #expect(tcp6.values() == ["127.0.0.1"])
        let unknown = try await bench.ask("v4.probe.test", [.init("resolver", .string("missing.probe.test"))])
        #expect(unknown.code == .resolveNXDomain)
        #expect(unknown.failure?.stage == .resolve)
        let none = try await bench.ask("v4.probe.test", [.init("ip_version", .integer(6))])
        #expect(none.code == .noAddress)
        await unbound.stop()
        await nsd.stop()
    }
}

extension DNSBench {
    func ask(_ target: String, _ more: [ParameterValue.Member]) async throws -> Asked {
        try await ask(target, "A", port: nil, timeout: nil, more)
    }
}

extension DNSToolTests {
    /// nsd's NSID, which dig sees too.
    @Test func asksForTheServersIdentity() async throws {
        let tree = try await SignedTree()
        let bench = try DNSBench()
        defer { bench.stop() }
        let place = ParameterValue.Member("resolver", .string("\(SignedTree.rootAddress):\(tree.port)"))
        let asked = try await bench.ask("test", "SOA", port: nil, [place, .init("nsid", .bool(true))])
        #expect(asked.report.answer?.serverIdentityText == "root")
        let dig = try await Oracle.check(
            "dig", ["@\(SignedTree.rootAddress)", "-p", "\(tree.port)", "+nsid", "test", "SOA"])
        #expect(dig.contains("NSID: 72 6f 6f 74"))
        let unasked = try await bench.ask("test", "SOA", port: nil, [place])
        #expect(unasked.report.answer?.serverIdentity == nil)
        await tree.stop()
    }

    @Test func reportsTheOptionsOfAnAnswer() async throws {
        let peer = try await PythonPeer.dns()
        let bench = try DNSBench()
        defer { bench.stop() }
        let asked = try await bench.ask(
            "options.test", port: peer.port(),
            [.init("nsid", .bool(true)), .init("client_subnet", .string("192.0.2.77/24"))])
        #expect(asked.failure == nil)
        #expect(asked.report.answer?.clientSubnet?.description == "192.0.2.0/24/16")
        #expect(asked.report.answer?.serverIdentityText == "0x0001fe")
        #expect(asked.report.answer?.extendedErrors.map(\.name) == ["Stale Answer"])
        #expect(asked.report.answer?.extendedErrors.map(\.text) == ["stale"])
        let query = try await peer.events.next("query")
        #expect(query["options"]?["8"]?.string == "00011800c00002")
        #expect(query["options"]?["3"]?.string == "")
        await peer.stop()
    }
}
