import Testing

@testable import ProbeNative

@Suite struct HostTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("::FFFF:1.2.3.4", "::ffff:1.2.3.4"),
        ("Example.COM", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"), ("_dmarc.example.com.", "_dmarc.example.com."),
        ("faß.de", "xn--fa-hia.de"), ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ])
    func reads(_ text: String, _ expected: String) throws {
        #expect(try Host(text).description == expected)
    }

    @Test(arguments: [
        "", "-oX", "a b", "a\nb", "a\u{0}b", "a%00b", "http://[::1", "0x7f.1", "0177.0.0.1", "2130706433", "1.2.3",
        "a..b", ".", "foo_bar!.com", "1.2.3.4.5", "[::1", "fe80::1%nosuchif0", String(repeating: "a", count: 300),
        String(repeating: "a.", count: 150) + "example", "host:80", "a\u{200b}b\u{3000}c",
    ])
    func refuses(_ text: String) {
        #expect(throws: InvalidInput.self) { try Host(text) }
    }

    @Test func timestampsAreISO8601() {
        #expect(WallTime(nanoseconds: 0).iso8601 == "1970-01-01T00:00:00.000Z")
        #expect(WallTime(nanoseconds: 951_782_400_123_456_789).iso8601 == "2000-02-29T00:00:00.123Z")
        #expect(WallTime(nanoseconds: -1_000_000).iso8601 == "1969-12-31T23:59:59.999Z")
        #expect(WallTime(nanoseconds: 4_102_444_799_999_000_000).iso8601 == "2099-12-31T23:59:59.999Z")
    }
}
