import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// Through proxies that are not this project's (Tests/Peers/proxy_peer.py), and past some that do not work.
@Suite(.timeLimit(.minutes(2))) struct SessionProxyTests {
    private static let sharedProxies = Task {
        try await PythonPeer.proxies(certificate: TestCertificates.shared().good)
    }

    private func access(_ proxy: String) throws -> BackendAccess {
        var access = BackendAccess()
        access.proxy = .proxy(try #require(BackendProxy(proxy)))
        return access
    }

    private func url(_ kind: String, _ scheme: String = "http", _ credentials: String = "") async throws -> String {
        "\(scheme)://\(credentials)127.0.0.1:\(try await Self.sharedProxies.value.port(kind))"
    }

    /// The name is the proxy's to look up: here nobody else knows it.
    @Test(arguments: [("http", "http", ""), ("auth", "http", "user:pa%3Ass@"), ("socks", "socks5", "")])
    func namesGoToTheProxy(kind: String, scheme: String, credentials: String) async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.good) { controller in
            let backend = "https://good.test:\(controller.port)"
            let access = try access(try await url(kind, scheme, credentials))
            let bench = try SessionBench(controller, backend: backend, caFile: certificates.authority, access: access)
            try await bench.use { bench in
                try await bench.connected()
                try await controller.sendJob("through", tool: "ping", target: "x")
                #expect(try await bench.sink.job().requestID == "through")
                bench.put("r", size: 300_000)
                await bench.outbox.emptied()
                let target = "good.test:\(controller.port)"
                let request = try await Self.sharedProxies.value.events.next("request") {
                    $0["target"]?.string == target
                }
                #expect(request["method"]?.string == (scheme == "http" ? "CONNECT" : "SOCKS"))
                if scheme == "socks5" { #expect(request["kind"]?.int == 3) }
            }
        }
    }

    /// A plain backend also goes through a tunnel: a proxy need not understand WebSocket.
    @Test(arguments: [("http", "http"), ("socks", "socks5h")])
    func plainBackendsGoThroughATunnelToo(kind: String, scheme: String) async throws {
        try await FakeController.with { controller in
            try await SessionBench(controller, access: try access(try await url(kind, scheme))).use {
                try await $0.connected()
            }
        }
    }

    @Test(arguments: [
        ("auth", "http", "", "wants a user and a password"), ("auth", "http", "user:wrong@", "does not accept"),
        ("deny", "http", "", "403 Forbidden"), ("broken", "http", "", "502 Bad Gateway"),
        ("garbage", "http", "", "does not speak HTTP"), ("closing", "http", "", "closed the connection"),
        ("socksauth", "socks5", "", "wants a password"), ("socksdeny", "socks5", "", "its rules do not allow it"),
        ("garbage", "socks5", "", "does not speak SOCKS5"), ("closing", "socks5", "", "closed the connection"),
    ])
    func failuresOfProxiesAreNamed(kind: String, scheme: String, credentials: String, words: String) async throws {
        try await FakeController.with { controller in
            let proxy = try await url(kind, scheme, credentials)
            try await SessionBench(controller, access: try access(proxy)).use { bench in
                let failure = try await bench.failure()
                #expect(failure.code == "proxy_failed" && failure.reason.contains(words), "\(failure)")
                #expect(failure.reason.contains("\(scheme)://127.0.0.1") && !failure.reason.contains("wrong"))
            }
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:1", "refused"), ("socks5://127.0.0.1:1", "refused"), ("http://proxy.invalid:1", "resolved"),
    ])
    func proxiesThatAreNotThereAreNamed(proxy: String, words: String) async throws {
        try await FakeController.with { controller in
            try await SessionBench(controller, access: try access(proxy)).use {
                let failure = try await $0.failure()
                #expect(failure.code == "proxy_failed" && failure.reason.contains(words), "\(failure)")
            }
        }
    }

    @Test(arguments: ["http", "socks5"])
    func aSilentProxyIsGivenUpAfterTenSeconds(scheme: String) async throws {
        try await FakeController.with { controller in
            try await SessionBench(controller, access: try access(try await url("hang", scheme))).use { bench in
                _ = try await Self.sharedProxies.value.events.next("waiting") { $0["event"]?.string == "waiting" }
                await bench.time.sleepers(1)
                bench.pass(milliseconds: 10_000)
                let failure = try await bench.failure()
                #expect(failure.reason.contains("10 s") && failure.reason.contains("did not open a tunnel"))
            }
        }
    }

    /// Behind the tunnel everything is as without a proxy.
    @Test func theBackendsCertificateIsStillChecked() async throws {
        let certificates = try await TestCertificates.shared()
        try await FakeController.with(certificate: certificates.wrongHost) { controller in
            let access = try access(try await url("http"))
            try await SessionBench(controller, caFile: certificates.authority, access: access).use { bench in
                let failure = try await bench.failure()
                #expect(failure.code == "tls_hostname_mismatch")
            }
        }
    }

    @Test(arguments: [
        "", "https://p:1", "socks4://p:1", "socks5://user:pw@p:1", "ftp://p", "http://p:0", "http://p/path", "http://",
    ])
    func whatIsNoUsableProxyIsRefused(text: String) { #expect(BackendProxy(text) == nil) }

    @Test func credentialsAreNeverShown() throws {
        let proxy = try #require(BackendProxy("http://user:5ecret@[::1]"))
        var text = "\(proxy) \(String(reflecting: proxy))"
        dump(proxy, to: &text)
        #expect(text.contains("http://[::1]:1080") && !text.contains("5ecret") && !text.contains("dXNlcjo1ZWNyZXQ"))
        #expect(proxy.credentials?.revealed == "dXNlcjo1ZWNyZXQ=")
    }
}
