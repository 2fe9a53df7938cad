import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("example.com", "http://example.com/"), ("example.com:8080/a?b#c", "http://example.com:8080/a?b"),
        ("HTTPS://Example.COM/A/../b", "https://example.com/b"), ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%c3%bc"), ("http://127.0.0.1", "http://127.0.0.1/"),
        ("http://example.com?q=1", "http://example.com/?q=1"),
    ])
    func reads(_ text: String, _ expected: String) throws {
        #expect(try HTTPURL(target: text).text == expected)
    }

    @Test(arguments: [
        "http://127.0.0.1:8080/", "https://a.example", "http://a-b.c/d/e.f?g=h&i=j.k", "https://a.example:1/x//y",
        "http://a./",
        "http://a:80", "https://a:443/", "http://xn--bcher-kva.example/~x_y/-",
    ])
    func plainURLsNeedNoParser(_ text: String) throws {
        #expect(HTTPURL(plain: text) == (try HTTPURL(parsing: text)))
    }

    /// What is read without libcurl is what libcurl reads. Seeded, so that a failure can be run again.
    @Test func plainURLsAreReadAsLibcurlReadsThem() {
        var random = SeededGenerator(seed: 0x0a1)
        let pieces = [
            "http", "https", "://", ":", "/", ".", "..", "?", "#", "@", "%41", "a", "b.example", "A", "0", "1",
            "127.0.0.1",
            "0x7f", "256", "080", "80", "-", "_", "~", "=", "&", "[", "::1", "]", "xn--", " ", "+", ";", "\\",
        ]
        var plain = 0
        for _ in 0..<20_000 {
            let head = Bool.random(using: &random) ? "http://" : "https://a"
            let text = (0..<Int.random(in: 1...6, using: &random)).reduce(into: head) { text, _ in
                text += pieces.randomElement(using: &random) ?? ""
            }
            guard let read = HTTPURL(plain: text) else { continue }
            plain += 1
            let parsed = try? HTTPURL(parsing: text)
            #expect(read == parsed, "\(text)")
        }
        #expect(plain > 500, "\(plain)")
    }

    @Test func knowsHostAndPort() throws {
        let plain = try HTTPURL(target: "http://[::1]/").origin
        #expect(plain == .init(isSecure: false, host: try Host("::1"), port: 80))
        let secure = try HTTPURL(target: "https://a.example:8443/").origin
        #expect(secure == .init(isSecure: true, host: .name("a.example"), port: 8443))
    }

    @Test(arguments: [
        "", "http://", "http://[::1", "http://a b/", "http://a\nb/", "http://a\u{0}b/", "http://a%00b/",
        "http://a%0ab/",
        "http://a/\r\nX: y", "ftp://a/", "file:///etc/passwd", "gopher://a/", "javascript:alert(1)", "-oX", "--proxy=x",
        "http://user:secret@a/", "http://user@a/", "http://a:0/", "http://a:65536/", "http://a:-1/", "http://a:b/",
        "http://" + String(repeating: "a", count: 300) + "/", "http://" + String(repeating: "a.", count: 200) + "com/",
        "http://a/" + String(repeating: "b", count: 9000), "http://a..b/", "http://1.2.3.4.5/", "http://[::1]x/",
        "http://[fe80::1%25nosuchif]/", "///", "http:///", "http://.../", "http://a\u{85}b/", "http://exa mple",
    ])
    func refuses(_ text: String) {
        #expect(throws: InvalidInput.self) { try HTTPURL(target: text) }
    }

    @Test func aRefusalNeverQuotesCredentials() {
        let error = #expect(throws: InvalidInput.self) { try HTTPURL(target: "http://user:secret@a/") }
        #expect(error?.detail.contains("secret") == false)
    }

    @Test func followsLocations() throws {
        let base = try HTTPURL(target: "https://a.example/x/y?z")
        #expect(try base.following("../w").text == "https://a.example/w")
        #expect(try base.following("?q").text == "https://a.example/x/y?q")
        #expect(try base.following("//b.example/").text == "https://b.example/")
        #expect(try base.following("http://user:pw@b.example:81/#f").text == "http://b.example:81/")
        #expect(try base.following("/with space").text == "https://a.example/with%20space")
        for bad in ["ftp://a/", "http://[::1", "file:///etc/passwd", "http://a:99999/", ""] {
            #expect(throws: InvalidInput.self) { try base.following(bad) }
        }
    }

    @Test func secretsStayWithTheirOrigin() throws {
        let request = HTTPRequest(
            url: try HTTPURL(target: "https://a.example/"), method: .post,
            fields: [
                HTTPField("Authorization", "x"), HTTPField("cookie", "y"), HTTPField("X-Other", "z"),
                HTTPField("Content-Type", "text/plain"), HTTPField("Host", "h"),
            ], body: [1])
        let same = request.redirected(by: 307, to: try HTTPURL(target: "https://a.example/2"))
        #expect(same.fields == request.fields && same.method == .post && same.body == [1])
        for other in ["http://a.example/", "https://b.example/", "https://a.example:444/"] {
            let next = request.redirected(by: 307, to: try HTTPURL(target: other))
            #expect(next.fields.map(\.name) == ["X-Other", "Content-Type"])
        }
        let get = request.redirected(by: 302, to: try HTTPURL(target: "https://a.example/2"))
        #expect(get.method == .get && get.body == nil && get.fields.count == 4)
    }
}
