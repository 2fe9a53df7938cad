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

    /// Both ways of reading a name are one: the short one for plain ASCII, and the one for everything.
    @Test(arguments: [
        "a", "a.", "A-b_c.0/25.example", String(repeating: "a", count: 63) + ".b",
        String(repeating: "a.", count: 126) + "a",
        String(repeating: "a.", count: 127),
    ])
    func plainNamesAreReadLabelByLabel(_ text: String) throws {
        let name = try DNSName(text)
        let labels = text.split(separator: ".")
        let wire = labels.flatMap { label in [UInt8(label.utf8.count)] + Array(label.utf8) }
        #expect(name.wire == wire + [0])
        #expect(name.description == labels.joined(separator: ".") + ".")
    }

    @Test(arguments: [
        "a..", "a..b", "", ".a", "-a", String(repeating: "a", count: 64),
        String(repeating: "a.", count: 127) + "a",
        String(repeating: "a.", count: 128),
    ])
    func namesAtTheLimitsAreRefused(_ text: String) {
        #expect(throws: InvalidInput.self) { try DNSName(text) }
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
        ("transport", .string("quic"), .invalidParameters), ("resolver", .string("1.2.3.4:0"), .invalidParameters),
        ("resolver", .string("1.2.3.4:70000"), .invalidParameters), ("resolver", .string("-x"), .invalidParameters),
        ("resolver", .string("[::1"), .invalidParameters), ("resolver", .string("::1:53:"), .invalidParameters),
        ("resolver", .string("a b"), .invalidParameters), ("port", .integer(0), .invalidParameters),
        ("edns_size", .integer(100), .invalidParameters), ("edns_size", .integer(70000), .invalidParameters),
        ("retries", .integer(11), .invalidParameters), ("class", .string("XX"), .invalidParameters),
        ("client_subnet", .string("192.0.2.0/33"), .invalidParameters), ("validate", .string("x"), .invalidParameters),
        ("client_subnet", .string("x/8"), .invalidParameters), ("ca_pem", .string("x"), .invalidParameters),
        ("trust_anchor", .string(". IN DS 1 8 2 AA"), .invalidParameters),
        ("root_hints", .string("127.0.0.1"), .invalidParameters), ("tls_name", .string("a"), .invalidParameters),
        ("resolver", .string("https://"), .invalidParameters), ("dnssec", .string("maybe"), .invalidParameters),
    ])
    func refusesParameters(_ name: String, _ value: ParameterValue, _ code: ErrorCode) {
        let error = #expect(throws: InvalidInput.self) {
            try DNSTool().prepare(target: "example.com", parameters: [.init(name, value)])
        }
        #expect(error?.code == code)
        #expect(error?.detail.contains(name) == true)
    }

    @Test(
        arguments: [
            [("resolver", .string("192.0.2.1:5353")), ("port", .integer(53))],
            [("dnssec", .bool(true)), ("edns_size", .integer(0))], [("nsid", .bool(true)), ("edns_size", .integer(0))],
            [("validate", .bool(true)), ("edns_size", .integer(0))],
            [("client_subnet", .string("192.0.2.0/24")), ("edns_size", .integer(0))],
            [("validate", .bool(true)), ("class", .string("CH"))], [("trace", .bool(true)), ("class", .string("CH"))],
            [("validate", .bool(true)), ("record_type", .string("RRSIG"))],
            [("validate", .bool(true)), ("trace", .bool(true))],
            [("trace", .bool(true)), ("transport", .string("tls"))],
            [("trace", .bool(true)), ("resolver", .string("192.0.2.1"))],
            [("trace", .bool(true)), ("root_hints", .string("a.example"))],
            [("trace", .bool(true)), ("root_hints", .string(","))],
            [("validate", .bool(true)), ("trust_anchor", .string("no record"))],
            [("validate", .bool(true)), ("trust_anchor", .string(". IN A 192.0.2.1"))],
            [("validate", .bool(true)), ("trust_anchor", .string("DS IN WKS 192.0.2.1 TCP smtp"))],
            [("validate", .bool(true)), ("trust_anchor", .string("; only a comment"))],
            [("validate", .bool(true)), ("trust_anchor", .string(". IN DNSKEY 256 2 8 AwEAAQ=="))],
            [("validate", .bool(true)), ("trust_anchor", .string(". IN DS 1 200 2 ABCD"))],
            [("resolver", .string("https://a.example/q")), ("transport", .string("tcp"))],
            [("resolver", .string("https://a.example/q")), ("port", .integer(443))],
            [("transport", .string("https")), ("tls_name", .string("a.example"))],
        ] as [[(String, ParameterValue)]])
    func refusesContradictions(_ pairs: [(String, ParameterValue)]) {
        let error = #expect(throws: InvalidInput.self) {
            try DNSTool().prepare(target: "a", parameters: pairs.map { .init($0.0, $0.1) })
        }
        #expect(error?.code == .invalidParameters)
        #expect(error.map { error in pairs.contains { error.detail.contains($0.0) } } == true)
    }

    @Test func takesWhatIsOff() throws {
        let off = ["validate", "trace", "nsid"].map { ParameterValue.Member($0, .bool(false)) }
        let probe = try DNSTool().prepare(
            target: "a", parameters: off + [.init("client_subnet", .null), .init("zzz", .null)])
        #expect(probe.ignoredParameters == ["zzz"])
    }

    @Test(
        arguments: [
            ("192.0.2.77/24", "192.0.2.0/24/0", [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]),
            ("198.51.100.7", "198.51.100.0/24/0", [0, 8, 0, 7, 0, 1, 24, 0, 198, 51, 100]),
            ("192.0.2.255/25", "192.0.2.128/25/0", [0, 8, 0, 8, 0, 1, 25, 0, 192, 0, 2, 128]),
            ("2001:db8:ff::1/33", "2001:db8::/33/0", [0, 8, 0, 9, 0, 2, 33, 0, 0x20, 1, 0x0d, 0xb8, 0]),
            ("0", "0.0.0.0/0/0", [0, 8, 0, 4, 0, 1, 0, 0]),
        ] as [(String, String, [UInt8])])
    func writesClientSubnets(_ text: String, _ shown: String, _ wire: [UInt8]) throws {
        let subnet = try #require(DNSClientSubnet(text))
        #expect(subnet.description == shown)
        #expect(subnet.option.wire == wire)
        #expect(DNSClientSubnet(option: subnet.option.data) == subnet)
        var options = DNSQuery.Options()
        options.clientSubnet = subnet
        options.wantsServerIdentity = true
        let query = try DNSQuery(try DNSName("a.example"), .a, options)
        #expect(query.wire.suffix(wire.count + 4) == [0, 3, 0, 0] + wire)
    }

    @Test func readsURLs() throws {
        let url = try HTTPURL(target: "https://dns.example/q")
        #expect(DNSResolverChoice("https://dns.example/q") == .url(url))
        #expect(DNSResolverChoice("http://dns.example/q") == nil)
    }

    @Test func readsResolvers() {
        func host(_ text: String) throws -> Host { try Host(text) }
        #expect(DNSResolverChoice("192.0.2.1:5353") == (try? host("192.0.2.1")).map { .server($0, port: 5353) })
        #expect(DNSResolverChoice("2001:db8::1") == (try? host("2001:db8::1")).map { .server($0, port: nil) })
        #expect(DNSResolverChoice("[2001:db8::1]:53") == (try? host("2001:db8::1")).map { .server($0, port: 53) })
        #expect(DNSResolverChoice("dns.example:853") == (try? host("dns.example")).map { .server($0, port: 853) })
    }
}
