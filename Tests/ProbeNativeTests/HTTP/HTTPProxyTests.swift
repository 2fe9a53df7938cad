import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// Through proxies that work, and proxies that do not.
@Suite struct HTTPProxyTests {
    private static let shared = Task { try await PythonPeer.proxies(certificate: TestCertificates.shared().good) }

    private struct Bench {
        let proxies: PythonPeer
        let nginx: NginxServer
        let certificates: TestCertificates

        func proxy(_ name: String, _ scheme: String = "http", user: String = "") -> ParameterValue {
            .string("\(scheme)://\(user)127.0.0.1:\(proxies.port(name))")
        }
        var plain: String { nginx.url("/") }
        var secure: String { nginx.url("/", tls: certificates.good) }
        func trust() throws -> ParameterValue {
            .string(try String(contentsOfFile: certificates.authority, encoding: .utf8))
        }
        /// The next request that a proxy saw.
        func request(_ method: String) async throws -> JSONValue {
            try await proxies.events.next("\(method) request") {
                $0["event"] == "request" && $0["method"]?.string == method
            }
        }
    }

    private func bench() async throws -> Bench {
        Bench(
            proxies: try await Self.shared.value, nginx: try await HTTPProbe.nginx(),
            certificates: try await TestCertificates.shared())
    }

    @Test func plainRequestsAreForwarded() async throws {
        let bench = try await bench()
        let fetched = try await HTTPProbe.fetch(
            bench.plain, ["proxy": bench.proxy("http"), "include_body": .bool(true), "bearer": .string("t")])
        #expect(fetched.failure == nil && fetched.body == "hello\n", "\(fetched.result.outcome)")
        #expect(try await bench.request("GET")["target"]?.string == bench.plain)
        let report = try #require(fetched.report)
        #expect(report.proxy == "http://127.0.0.1:\(bench.proxies.port("http"))")
        #expect(report.last.address == nil && fetched.result.outcome.resolvedAddress == nil)
        #expect(report.last.tcp != nil && report.phases.connect != nil && report.phases.wait != nil)
    }

    @Test func secureRequestsGoThroughATunnel() async throws {
        let bench = try await bench()
        for version in ["1.1", "2"] {
            let fetched = try await HTTPProbe.fetch(
                bench.secure,
                [
                    "proxy": bench.proxy("http"), "ca_pem": try bench.trust(), "http_version": .string(version),
                    "bearer": .string("secret"),
                ])
            #expect(fetched.failure == nil && fetched.report?.httpVersion == version, "\(fetched.result.outcome)")
            #expect(fetched.report?.security?.verdict?.isGood == true)
            // The tunnel's own answer is not the server's, and the server's secret not the proxy's.
            #expect(fetched.field("x-from") == nil && fetched.field("server")?.hasPrefix("nginx") == true)
            let seen = try await bench.request("CONNECT")
            #expect(seen["target"]?.string == bench.secure.replacing("https://", with: "").replacing("/", with: ""))
            #expect(seen["names"]?.array?.contains("authorization") == false)
        }
    }

    @Test func theProxysTimeIsItsOwn() async throws {
        let bench = try await bench()
        let fetched = try await HTTPProbe.fetch(
            bench.secure, ["proxy": bench.proxy("slow"), "ca_pem": try bench.trust()])
        let phases = try #require(fetched.report?.phases)
        #expect(fetched.failure == nil, "\(fetched.result.outcome)")
        #expect(phases.proxy ?? .zero >= .milliseconds(190), "\(phases)")
        #expect(phases.connect ?? .seconds(9) < .milliseconds(190) && phases.tls != nil, "\(phases)")
    }

    @Test(arguments: [("socks5", 1), ("socks5h", 3)])
    func socks(_ scheme: String, _ kind: Int) async throws {
        let bench = try await bench()
        for url in [
            "http://localhost:\(bench.nginx.httpPort)/", bench.secure.replacing("127.0.0.1", with: "localhost"),
        ] {
            let fetched = try await HTTPProbe.fetch(
                url, ["proxy": bench.proxy("socks", scheme), "ca_pem": try bench.trust()])
            #expect(fetched.failure == nil && fetched.status == 200, "\(fetched.result.outcome)")
            let seen = try await bench.request("SOCKS")
            // socks5: the node looks the name up; socks5h: the proxy does.
            #expect(seen["kind"]?.int == kind)
            #expect(fetched.result.outcome.resolvedAddress == (kind == 1 ? IPAddress("127.0.0.1") : nil))
            #expect(fetched.report?.phases.proxy != nil)
        }
    }

    @Test func credentialsGoToTheProxyAndNowhereElse() async throws {
        let bench = try await bench()
        for (name, scheme) in [("auth", "http"), ("socksauth", "socks5")] {
            for url in [bench.plain, bench.secure] {
                let good = try await HTTPProbe.fetch(
                    url,
                    ["proxy": bench.proxy(name, scheme, user: "user:pa%3Ass@"), "ca_pem": try bench.trust()])
                #expect(good.failure == nil && good.status == 200, "\(good.result.outcome)")
                #expect(good.report?.proxy?.contains("pa") == false)
                for user in ["", "user:wrong@"] {
                    let bad = try await HTTPProbe.fetch(
                        url, ["proxy": bench.proxy(name, scheme, user: user), "ca_pem": try bench.trust()])
                    #expect(bad.failure?.code == .proxyFailed, "\(url) \(user) \(bad.result.outcome)")
                    #expect(bad.failure?.detail.contains("wrong") == false)
                }
            }
        }
        let refused = try await HTTPProbe.fetch(bench.secure, ["proxy": bench.proxy("auth")])
        #expect(refused.failure?.detail.contains("status 407") == true, "\(String(describing: refused.failure))")
        #expect(refused.failure?.stage == .connect)
    }

    @Test func overTLS() async throws {
        let bench = try await bench()
        for url in [bench.plain, bench.secure] {
            let good = try await HTTPProbe.fetch(
                url, ["proxy": bench.proxy("tls", "https"), "ca_pem": try bench.trust()])
            #expect(good.failure == nil && good.status == 200, "\(good.result.outcome)")
            let named = ParameterValue.string("https://localhost:\(bench.proxies.port("tls"))")
            let byName = try await HTTPProbe.fetch(url, ["proxy": named, "ca_pem": try bench.trust()])
            #expect(byName.failure == nil, "\(byName.result.outcome)")
            let unknown = try await HTTPProbe.fetch(url, ["proxy": bench.proxy("tls", "https")])
            #expect(unknown.failure?.code == .proxyFailed && unknown.failure?.stage == .connect)
            #expect(unknown.failure?.detail.contains("certificate") == true, "\(String(describing: unknown.failure))")
            let lenient = try await HTTPProbe.fetch(
                url, ["proxy": bench.proxy("tls", "https"), "verify_tls": .bool(false)])
            #expect(lenient.failure == nil, "\(lenient.result.outcome)")
        }
    }

    @Test(arguments: ["http", "socks5", "https"], ["garbage", "closing"])
    func brokenProxies(_ scheme: String, _ name: String) async throws {
        let bench = try await bench()
        for url in [bench.plain, bench.secure] {
            let fetched = try await HTTPProbe.fetch(url, ["proxy": bench.proxy(name, scheme)])
            #expect(fetched.failure?.code == .proxyFailed, "\(url) \(fetched.result.outcome)")
            #expect(fetched.failure?.isMeasurement == true)
        }
    }

    @Test func aProxyThatDenies() async throws {
        let bench = try await bench()
        let tunnel = try await HTTPProbe.fetch(bench.secure, ["proxy": bench.proxy("deny")])
        #expect(tunnel.failure?.code == .proxyFailed)
        #expect(tunnel.failure?.detail.hasSuffix("answered CONNECT with status 403.") == true)
        // Who says 403 to a request that is forwarded cannot be told.
        let forwarded = try await HTTPProbe.fetch(bench.plain, ["proxy": bench.proxy("deny")])
        #expect(forwarded.failure?.code == .expectationFailed && forwarded.status == 403)
    }

    @Test func aProxyThatIsNotThere() async throws {
        let bench = try await bench()
        for scheme in ["http", "https", "socks5"] {
            let fetched = try await HTTPProbe.fetch(
                bench.plain, ["proxy": .string("\(scheme)://127.0.0.1:\(try FreePorts.closed())")])
            #expect(fetched.failure?.code == .proxyFailed && fetched.failure?.stage == .connect)
            #expect(fetched.failure?.detail.contains("Connection refused") == true)
        }
        let unnamed = try await HTTPProbe.fetch(
            bench.plain, ["proxy": .string("http://[::1]:1"), "ip_version": .integer(4)])
        #expect(unnamed.failure?.code == .proxyFailed && unnamed.failure?.stage == .resolve)
    }

    @Test(arguments: ["http", "socks5", "https"])
    func aProxyThatHangsIsCutAndClosed(_ scheme: String) async throws {
        let bench = try await bench()
        let fetched = try await HTTPProbe.fetch(
            bench.secure, ["proxy": bench.proxy("hang", scheme)], timeout: .milliseconds(300.0))
        #expect(fetched.failure?.code == .deadlineExceeded && fetched.failure?.stage == .connect)
        #expect(fetched.report?.phases.proxy != nil && fetched.report?.phases.tls == nil)
        _ = try await bench.proxies.events.next("its end") { $0["event"] == "left" }
    }

    @Test(arguments: [
        "ftp://a:1", "http://", "http://a:0", "http://a:70000", "http://a:1/path", "http://a:1/?q", "socks4://a:1",
        "http://a b:1", "http://user:\(String(repeating: "x", count: 300))@a:1", "http://-x:1",
    ])
    func isRefused(_ text: String) {
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["proxy": .string(text)])
        }
        #expect(
            error?.code == .invalidParameters && error?.detail.hasPrefix("proxy ") == true, "\(error?.detail ?? "")")
        #expect(error?.detail.contains("xxx") == false)
    }

    @Test func isRead() throws {
        let proxy = try HTTPProxy("user:p%40ss@proxy.example:3128")
        #expect(proxy.kind == .http && proxy.host == .name("proxy.example") && proxy.port == 3128)
        #expect(proxy.username == "user" && proxy.password == "p@ss" && proxy.text == "http://proxy.example:3128")
        #expect(try HTTPProxy("socks5h://[::1]").text == "socks5h://[::1]:1080")
        #expect(try HTTPProxy("https://a.example/").port == 443)
    }
}
