import ProbeNative
import Testing

@testable import ProbeAgent

@Suite struct BackendURLTests {
    @Test(arguments: [
        ("https://probe.example", "wss://probe.example/ws/node"),
        ("https://probe.example:8443/", "wss://probe.example:8443/ws/node"),
        ("https://probe.example/base//", "wss://probe.example/base/ws/node"),
        ("HTTPS://Probe.Example", "wss://probe.example/ws/node"),
        ("probe.example", "wss://probe.example/ws/node"),
        ("probe.example:9000/base", "wss://probe.example:9000/base/ws/node"),
        ("wss://probe.example/anything", "wss://probe.example/anything"),
        ("wss://probe.example", "wss://probe.example/"),
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws/node"),
        ("http://localhost:8000/", "ws://localhost:8000/ws/node"),
        ("http://[::1]:8000", "ws://[::1]:8000/ws/node"),
        ("ws://127.9.9.9/ws/node", "ws://127.9.9.9/ws/node"),
        ("https://b\u{fc}cher.example", "wss://xn--bcher-kva.example/ws/node"),
    ])
    func leadsToTheWebSocket(text: String, url: String) throws {
        #expect(try BackendURL(text).description == url)
    }

    @Test func keepsTheSchemesOwnPortOutOfTheHostField() throws {
        #expect(try BackendURL("https://probe.example:443").authority == "probe.example")
        #expect(try BackendURL("https://probe.example:80").authority == "probe.example:80")
        #expect(try BackendURL("https://[2001:db8::1]:444").authority == "[2001:db8::1]:444")
        #expect(try BackendURL("https://[2001:db8::1]").host == "2001:db8::1")
    }

    /// The key would be readable on the way. *.localhost is no exception: glibc asks the DNS for it.
    @Test(arguments: ["http://probe.example", "ws://10.0.0.1", "http://[2001:db8::1]", "http://x.localhost"])
    func refusesPlaintextExceptToLoopback(text: String) throws {
        let refusal = try #require(throws: InvalidInput.self) { try BackendURL(text) }
        #expect(refusal.detail.contains("--allow-plaintext"))
        #expect(try !BackendURL(text, allowsPlaintext: true).isEncrypted)
    }

    @Test(arguments: [
        "", "https://", "https:///path", "ftp://probe.example", "https://[::1", "https://a b", "https://h:0",
        "https://h:65536", "https://h:port", "https://user:secret@h", "https://h/?query", "https://h/#part",
        "https://-h", "https://0x7f.1", "https://h\u{0}", "https://\(String(repeating: "a", count: 300)).example",
    ])
    func refusesWhatIsNoBackend(text: String) throws {
        let refusal = try #require(throws: InvalidInput.self) { try BackendURL(text) }
        #expect(!refusal.detail.contains("secret"))
        #expect(refusal.detail.hasSuffix(".") && refusal.detail.utf8.count < 300)
    }
}
