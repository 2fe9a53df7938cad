import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct DNSInputTests {
    @Test(arguments: [
        ("example.com", "example.com."), ("Example.COM.", "Example.COM."), (".", "."),
        ("_dmarc.example.com", "_dmarc.example.com."),
        ("*.example.com", "*.example.com."), ("bücher.example", "xn--bcher-kva.example."),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah."),
        ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
        ("_sip._tcp.münchen.example", "_sip._tcp.xn--mnchen-3ya.example."),
        ("192.0.2.1", "192.0.2.1"), ("[2001:db8::1]", "2001:db8::1"), ("com", "com."),
    ])
    func readsTargets(_ text: String, _ expected: String) throws {
        #expect(try DNSTarget(text).description == expected)
    }

    @Test(arguments: [
        "", "-oX", "a b", "a\nb", "a\u{0}b", "a%00b", "http://[::1", "a..b", "..", ".a", "a\u{3000}b", "foo!bar.com",
        "a;b",
        "x*.example", String(repeating: "a", count: 64) + ".com", String(repeating: "a.", count: 130), "a:53", "a\\.b",
        "\u{200d}.example", String(repeating: "ü", count: 2000),
    ])
    func refusesTargets(_ text: String) {
        #expect(throws: InvalidInput.self) { try DNSTarget(text) }
    }

    @Test func reversesAddresses() {
        #expect(IPAddress("192.0.2.1")?.reverseName.description == "1.2.0.192.in-addr.arpa.")
        #expect(
            IPAddress("2001:db8::ab")?.reverseName.description
                == "b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.")
        #expect(DNSName.root.wire == [0])
    }

    @Test(arguments: [
        ("a", 1), ("AAAA", 28), ("mx", 15), ("ANY", 255), ("TYPE65280", 65280), ("type1", 1), ("HTTPS", 65),
        ("CAA", 257),
    ])
    func readsTypes(_ text: String, _ number: UInt16) {
        #expect(DNSRecordType(text)?.rawValue == number)
    }

    @Test(arguments: ["", "nope", "TYPE", "TYPE0", "TYPE65536", "TYPE12X", "A ", "TYPE-1", "Ä"])
    func refusesTypes(_ text: String) {
        #expect(DNSRecordType(text) == nil)
    }

    @Test(arguments: [
        ("record_type", ParameterValue.string("nope"), ErrorCode.invalidParameters),
        ("record_type", .integer(1), .invalidParameters), ("record_type", .string("AXFR"), .unsupported),
        ("record_type", .string("IXFR"), .unsupported), ("record_type", .string("TSIG"), .unsupported),
        ("transport", .string("tls"), .unsupported), ("transport", .string("https"), .unsupported),
        ("transport", .string("quic"), .invalidParameters), ("resolver", .string("1.2.3.4:0"), .invalidParameters),
        ("resolver", .string("1.2.3.4:70000"), .invalidParameters), ("resolver", .string("-x"), .invalidParameters),
        ("resolver", .string("[::1"), .invalidParameters), ("resolver", .string("::1:53:"), .invalidParameters),
        ("resolver", .string("a b"), .invalidParameters), ("port", .integer(0), .invalidParameters),
        ("edns_size", .integer(100), .invalidParameters), ("edns_size", .integer(70000), .invalidParameters),
        ("retries", .integer(11), .invalidParameters), ("class", .string("XX"), .invalidParameters),
        ("validate", .bool(true), .unsupported), ("trace", .bool(true), .unsupported),
        ("nsid", .bool(true), .unsupported),
        ("client_subnet", .string("192.0.2.0/24"), .unsupported), ("dnssec", .string("maybe"), .invalidParameters),
    ])
    func refusesParameters(_ name: String, _ value: ParameterValue, _ code: ErrorCode) {
        let error = #expect(throws: InvalidInput.self) {
            try DNSTool().prepare(target: "example.com", parameters: [.init(name, value)])
        }
        #expect(error?.code == code)
        #expect(error?.detail.contains(name) == true)
    }

    @Test func refusesContradictionsAndTakesWhatIsOff() throws {
        for members: [ParameterValue.Member] in [
            [.init("resolver", .string("192.0.2.1:5353")), .init("port", .integer(53))],
            [.init("dnssec", .bool(true)), .init("edns_size", .integer(0))],
        ] {
            #expect(throws: InvalidInput.self) { try DNSTool().prepare(target: "a", parameters: members) }
        }
        let off = ["validate", "trace", "nsid"].map { ParameterValue.Member($0, .bool(false)) }
        let probe = try DNSTool().prepare(
            target: "a", parameters: off + [.init("client_subnet", .null), .init("zzz", .null)])
        #expect(probe.ignoredParameters == ["zzz"])
    }

    @Test func readsResolvers() {
        func host(_ text: String) throws -> Host { try Host(text) }
        #expect(DNSResolverChoice("192.0.2.1:5353") == (try? host("192.0.2.1")).map { .server($0, port: 5353) })
        #expect(DNSResolverChoice("2001:db8::1") == (try? host("2001:db8::1")).map { .server($0, port: nil) })
        #expect(DNSResolverChoice("[2001:db8::1]:53") == (try? host("2001:db8::1")).map { .server($0, port: 53) })
        #expect(DNSResolverChoice("dns.example:853") == (try? host("dns.example")).map { .server($0, port: 853) })
    }
}
