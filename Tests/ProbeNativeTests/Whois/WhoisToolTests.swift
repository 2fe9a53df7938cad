import ProbeTesting
import Testing

@testable import ProbeNative

/// Against a chain of registries that behave or do not (Tests/Peers/whois_peer.py).
@Suite struct WhoisToolTests {
    static let sharedPeer = Task { try await PythonPeer.whois() }

    struct Asked {
        var result: ProbeResult
        var report: WhoisReport
        var code: ErrorCode? { result.code }
    }

    static func ask(
        _ target: String, _ parameters: [String: ParameterValue] = [:], host: String = "127.0.0.1",
        settings: ResolverSettings = ResolverSettings(servers: []), policy: any AddressPolicy = AllowAll()
    ) async throws -> Asked {
        let bench = try OneToolBench(WhoisTool(), settings, policy: policy)
        defer { bench.stop() }
        let root = "\(host):\(try await sharedPeer.value.port("hop0"))"
        let result = try await bench.run(target, ["server": .string(root)].merging(parameters) { $1 })
        #expect(await bench.openDescriptors == 0)
        return Asked(result: result, report: try #require(result.outcome.report as? WhoisReport))
    }

    private func hop(_ number: Int) async throws -> String {
        "127.0.0.1:\(try await Self.sharedPeer.value.port("hop\(number)"))"
    }

    // MARK: The way down

    @Test(arguments: ["127.0.0.1", "[::1]"])
    func fromTheRootToTheRegistrar(_ host: String) async throws {
        let asked = try await Self.ask("GOOD.whois.test", host: host)
        #expect(asked.code == nil)
        #expect(asked.report.servers.map(\.name).dropFirst() == [try await hop(1), try await hop(2)])
        #expect(asked.report.servers.allSatisfy { $0.query == "good.whois.test" && $0.failure == nil })
        #expect(asked.report.servers.allSatisfy { $0.connect != nil && $0.response != nil && $0.byteCount ?? 0 > 0 })
        #expect(asked.report.text?.contains("Registrant Name: REDACTED\n") == true)
        #expect(asked.report.text?.contains("\r") == false)
        #expect(asked.report.stop == nil && asked.report.referral == nil && !asked.report.isTruncated)
        // The registrar's words first, what it leaves out from the registry, nothing from the root's record of "test".
        let record = asked.report.record
        #expect(record.registrar == "Full Registrar, Inc.")
        #expect(record.abuseContact == "abuse@registrar.example")
        #expect(record.updated == "2025-08-15T05:01:34Z")
        #expect(record.created == "1995-08-14T04:00:00Z" && record.expires == "2031-08-13T04:00:00Z")
        #expect(record.nameservers == ["a.example-servers.net", "b.example-servers.net"])
        #expect(record.status == ["clientDeleteProhibited"])
    }

    @Test func referralsByName() async throws {
        let nsd = try await NSDServer()
        let asked = try await Self.ask(
            "named.whois.test", settings: ResolverSettings(servers: [loopback(nsd.port)]))
        #expect(asked.code == nil && asked.report.servers.count == 3)
        #expect(asked.report.servers[1].name.hasPrefix("www.probe.test:"))
        #expect(asked.report.servers[1].address?.description == "127.0.0.1")
        #expect(asked.report.servers[1].resolve ?? .zero > .zero)
        // Nobody can say where that is.
        let lost = try await Self.ask("named.whois.test")
        #expect(lost.code == .resolveFailure && lost.report.servers.count == 2)
        await nsd.stop()
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"), ("as64496", "AS64496"),
    ])
    func numbersOfAllKinds(_ target: String, _ line: String) async throws {
        let asked = try await Self.ask(target)
        #expect(asked.code == nil && asked.report.servers.map(\.query) == [line, line])
        #expect(asked.report.record.abuseContact == "abuse@example.net")
        #expect(asked.report.record.created == "2004-07-01T10:00:00Z")
        #expect(asked.report.record.status == ["ASSIGNED PA"])
    }

    @Test func referralsAreFollowedOnlySoFar() async throws {
        let deep = try await Self.ask("deep.whois.test")
        #expect(deep.report.servers.count == 5 && deep.report.stop == .limit && deep.code == nil)
        #expect(deep.report.referral == (try await hop(5)))
        let loop = try await Self.ask("loop.whois.test")
        #expect(loop.report.servers.count == 2 && loop.report.stop == .loop)
        #expect(loop.report.record.registrar == "Thin Registrar Inc.")
        let one = try await Self.ask("good.whois.test", ["follow": .bool(false)])
        #expect(one.report.servers.count == 1 && one.report.stop == .asked)
        #expect(one.report.referral == (try await hop(1)) && one.report.record.isEmpty)
        let own = try await Self.ask("self.whois.test")
        #expect(own.report.servers.count == 3 && own.report.stop == nil)
        let strange = try await Self.ask("bad-referrals.whois.test")
        #expect(strange.code == nil && strange.report.servers.count == 1 && strange.report.record.registrar == "Root")
    }

    /// The gate is asked about each server as what it is.
    @Test func theOwnersPolicyIsAskedForReferrals() async throws {
        let denied = try await Self.ask("good.whois.test", policy: DenyPurpose(purpose: .referral))
        #expect(denied.code == .policyDenied && denied.result.stage == .policy)
        #expect(denied.report.servers.map { $0.failure?.code } == [nil, .policyDenied])
        #expect(denied.report.text?.contains("IANA WHOIS server") == true)
        #expect(try await Self.ask("good.whois.test", policy: DenyPurpose(purpose: .target)).code == .policyDenied)
    }

    // MARK: Servers that do not behave

    @Test func aRegistrarThatIsGoneLeavesTheRegistrysRecord() async throws {
        let dead = try await Self.ask("dead.whois.test")
        #expect(dead.code == nil)
        #expect(dead.report.servers.map { $0.failure?.code } == [nil, nil, .connectionRefused])
        #expect(dead.report.record.registrar == "Thin Registrar Inc.")
        let nothing = try await Self.ask("dead-registry.whois.test")
        #expect(nothing.code == .connectionRefused && nothing.result.stage == .connect)
        #expect(nothing.report.record.isEmpty)
    }

    @Test(arguments: [
        ("nomatch", ErrorCode.resolveNXDomain, Stage.response), ("empty", .noReply, .response),
        ("reset", .connectionReset, .response),
    ])
    func noRecord(_ how: String, _ code: ErrorCode, _ stage: Stage) async throws {
        let asked = try await Self.ask("\(how).whois.test")
        #expect(asked.code == code && asked.result.stage == stage)
        #expect(asked.report.record.isEmpty)
        if how == "nomatch" { #expect(asked.report.text == "No match for \"NOMATCH.WHOIS.TEST\".\n") }
    }

    @Test func bytesOfAnyKindAreText() async throws {
        let latin = try await Self.ask("latin1.whois.test")
        #expect(latin.report.record.registrar == "Büro für Namen")
        let nul = try await Self.ask("nul.whois.test")
        #expect(nul.report.record.registrar == "Nul" && nul.report.text?.utf8.contains(0) == false)
        #expect(try await Self.ask("binary.whois.test").report.text?.isEmpty == false)
    }

    @Test func textOfOneByteCharactersIsBoundedToo() {
        let text = WhoisText.decode([UInt8](repeating: 0xfc, count: WhoisText.limit))
        #expect(text.utf8.count == WhoisText.limit && text.allSatisfy { $0 == "ü" })
        #expect(WhoisText.decode([0x41, 0xc3], isWhole: false) == "A" && WhoisText.decode([0x41, 0xc3]) == "AÃ")
    }

    @Test(arguments: ["huge", "endless"])
    func textIsBounded(_ how: String) async throws {
        let asked = try await Self.ask("\(how).whois.test")
        #expect(asked.code == nil && asked.report.isTruncated)
        #expect(asked.report.servers[0].byteCount == WhoisText.limit)
        #expect((WhoisText.limit / 2...WhoisText.limit).contains(asked.report.text?.utf8.count ?? 0))
        if how == "huge" { #expect(asked.report.record.registrar == "Huge") }
    }

    /// Text that came before silence is an answer; silence alone is none.
    @Test(arguments: [("open", ErrorCode?.none), ("silent", .noReply)])
    func aServerThatDoesNotClose(_ how: String, _ code: ErrorCode?) async throws {
        let (peer, time) = (try await PythonPeer.whois(), ManualTime())
        let bench = try OneToolBench(WhoisTool(), time: time)
        defer { bench.stop() }
        let (_, results) = try bench.start(
            "\(how).whois.test", ["server": .string("127.0.0.1:\(peer.port("hop0"))")])
        _ = try await peer.events.next("sign") { $0["event"]?.string == (how == "open" ? "answered" : "query") }
        time.advance(by: .seconds(10))
        let result = try await results.next("result")
        let report = try #require(result.outcome.report as? WhoisReport)
        #expect(result.code == code, "\(String(describing: result.outcome.failure))")
        #expect(report.record.registrar == (how == "open" ? "Open" : nil))
        #expect(report.isTruncated == (how == "open"))
        await peer.stop()
    }

    @Test(arguments: ["silent", "drip"], [StopReason.deadline, .cancelled])
    func endsEarly(_ how: String, _ reason: StopReason) async throws {
        let (peer, time) = (try await PythonPeer.whois(), ManualTime())
        let bench = try OneToolBench(WhoisTool(), time: time)
        defer { bench.stop() }
        let (running, results) = try bench.start(
            "\(how).whois.test", ["server": .string("127.0.0.1:\(peer.port("hop0"))")], deadline: .seconds(4))
        _ = try await peer.events.next("sign") { $0["event"]?.string == (how == "drip" ? "drip" : "query") }
        if reason == .deadline { time.advance(by: .seconds(4)) } else { running.stop(reason) }
        let result = try await results.next("result")
        // A silent server is named as such a little before the deadline.
        let codes: [ErrorCode?] =
            reason == .cancelled
            ? [.cancelled] : how == "drip" ? [nil, .deadlineExceeded] : [.noReply, .deadlineExceeded]
        #expect(codes.contains(result.code), "\(String(describing: result.outcome.failure))")
        #expect(await bench.openDescriptors == 0)
        await peer.stop()
    }

    @Test func nobodyListens() async throws {
        let closed = try FreePorts.closed()
        for host in ["127.0.0.1", "[::1]"] {
            let asked = try await Self.ask("a.test", ["server": .string("\(host):\(closed)")])
            #expect(asked.code == .connectionRefused && asked.result.stage == .connect)
        }
        // Without a server it is IANA's, whom nobody can resolve here.
        let bench = try OneToolBench(WhoisTool())
        defer { bench.stop() }
        let result = try await bench.run("a.test")
        #expect(result.code == .resolveFailure)
        #expect((result.outcome.report as? WhoisReport)?.servers.first?.name == "whois.iana.org")
    }

    // MARK: Input

    @Test(arguments: [
        ("", [:]), ("-h", [:]), ("a b", [:]), ("a\r\nb", [:]), ("a.test\r\nquit", [:]), ("a\u{0}b", [:]),
        ("AS4294967296", [:]), ("192.0.2.0/24", [:]), ("a/e", [:]), ("1.2.3", [:]),
        ("a.test", ["server": ParameterValue.string("")]), ("a.test", ["server": .string("a b")]),
        ("a.test", ["server": .string("rwhois://a.test")]), ("a.test", ["server": .string("a.test:0")]),
        ("a.test", ["server": .string("http://a.test/")]), ("a.test", ["rdap": .string("maybe")]),
        ("a.test", ["rdap": .bool(true), "server": .string("whois.a.test")]),
        ("a.test", ["rdap": .bool(true), "server": .string("https://a.test/?x")]),
        ("a.test", ["rdap_bootstrap": .string("ftp://a.test/")]), ("a.test", ["follow": .string("x")]),
    ])
    func refusesBadInput(_ target: String, _ parameters: [String: ParameterValue]) {
        let members = parameters.map { ParameterValue.Member($0.key, $0.value) }
        let error = #expect(throws: InvalidInput.self, "\(target) \(parameters)") {
            try WhoisTool().prepare(target: target, parameters: members)
        }
        #expect(error?.code == .invalidParameters)
    }

    @Test(arguments: [
        ("whois.verisign-grs.com", "example.com", "domain example.com"),
        ("whois.denic.de", "müller.de", "-T dn,ace xn--mller-kva.de"), ("whois.jprs.jp", "example.jp", "example.jp/e"),
        ("WHOIS.ARIN.NET.", "192.0.2.1", "n + 192.0.2.1"), ("whois.arin.net", "AS64496", "a + 64496"),
        ("whois.arin.net", "example.com", "example.com"), ("whois.ripe.net", "as0", "AS0"),
        ("whois.ripe.net", "[2001:db8::1]", "2001:db8::1"), ("whois.ripe.net", "Example.COM.", "example.com"),
    ])
    func eachServerIsAskedInItsWay(_ server: String, _ target: String, _ line: String) throws {
        #expect(try #require(WhoisServer(server)).query(for: WhoisTarget(target)) == line)
    }

    @Test(arguments: [
        ("whois.example.net", "whois.example.net"), ("whois://Whois.Example.NET", "whois.example.net"),
        ("whois://192.0.2.1:4343/x", "192.0.2.1:4343"), ("[2001:db8::1]:43", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"), ("whois.example.net:44", "whois.example.net:44"),
        ("rwhois://a.example:4321", nil), ("https://a.example", nil), ("a..b", nil), ("a:b", nil), ("", nil),
    ])
    func readsReferrals(_ text: String, _ server: String?) {
        #expect(WhoisServer(text)?.description == server)
    }
}
