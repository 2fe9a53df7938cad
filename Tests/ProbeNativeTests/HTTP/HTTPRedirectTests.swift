import ProbeTesting
import Testing

@testable import ProbeNative

@Suite struct HTTPRedirectTests {
    @Test func everyHopIsShown() async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await HTTPProbe.fetch(nginx.url("/redirect/3"), ["include_body": .bool(true)])
        let report = try #require(fetched.report)
        #expect(fetched.failure == nil && fetched.body == "arrived\n")
        #expect(report.url == nginx.url("/redirect/3") && report.last.url == nginx.url("/redirect/0"))
        #expect(report.redirects.map(\.url) == [3, 2, 1].map { nginx.url("/redirect/\($0)") })
        #expect(report.redirects.allSatisfy { $0.status == 302 && $0.address != nil && $0.phases.total > .zero })
        #expect(report.phases.total == report.redirects.reduce(report.last.phases.total) { $0 + $1.phases.total })
    }

    @Test func notFollowedOnRequest() async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await HTTPProbe.fetch(nginx.url("/redirect/3"), ["follow_redirects": .bool(false)])
        #expect(fetched.failure == nil && fetched.status == 302 && fetched.report?.redirects.isEmpty == true)
    }

    @Test func loopsAndLongChainsEnd() async throws {
        let nginx = try await HTTPProbe.nginx()
        let loop = try await HTTPProbe.fetch(nginx.url("/redirect-loop"))
        #expect(loop.failure?.code == .tooManyRedirects && loop.report?.redirects.count == 10 && loop.status == 302)
        let exact = try await HTTPProbe.fetch(nginx.url("/redirect/4"), ["max_redirects": .integer(4)])
        #expect(exact.failure == nil && exact.status == 200)
        let over = try await HTTPProbe.fetch(nginx.url("/redirect/4"), ["max_redirects": .integer(3)])
        #expect(over.failure?.code == .tooManyRedirects && over.failure?.stage == .response)
        let none = try await HTTPProbe.fetch(nginx.url("/redirect/1"), ["max_redirects": .integer(0)])
        #expect(none.failure?.code == .tooManyRedirects)
    }

    @Test func toTLSAndBack() async throws {
        let nginx = try await HTTPProbe.nginx()
        let secure = nginx.url("/", tls: try await TestCertificates.shared().good)
        let up = try await HTTPProbe.fetch(nginx.url("/redirect-to?url=\(secure)"), ["verify_tls": .bool(false)])
        #expect(up.failure == nil && up.report?.last.url == secure && up.report?.security?.version == "TLSv1.3")
        let down = try await HTTPProbe.fetch(
            nginx.url("/redirect-to?url=\(nginx.url("/"))", tls: try await TestCertificates.shared().good),
            ["verify_tls": .bool(false)])
        #expect(down.failure == nil && down.report?.last.url == nginx.url("/") && down.report?.security == nil)
    }

    @Test(arguments: [
        "ftp://127.0.0.1/", "file:///etc/passwd", "http://[::1", "javascript:alert(1)//", "http://a%00b/",
    ])
    func toAnythingElseIsTheServersFault(_ location: String) async throws {
        let peer = try await HTTPProbe.peer()
        let escaped = location.utf8.map { "%" + (String($0, radix: 16).count == 1 ? "0" : "") + String($0, radix: 16) }
        let fetched = try await HTTPProbe.fetch(peer.url("/redirect?to=\(escaped.joined())"))
        #expect(fetched.status == 302)
        let seen = fetched.failure
        // What is no scheme is a path on the same server, as for browsers.
        if location.hasPrefix("javascript") {
            #expect(seen != nil)
        } else {
            #expect(seen?.code == .httpInvalidResponse && seen?.stage == .response)
        }
    }

    @Test func aRedirectToNowhereIsAnAnswer() async throws {
        let fetched = try await HTTPProbe.fetch(try await HTTPProbe.peer().url("/redirect-none"))
        #expect(fetched.failure == nil && fetched.status == 302)
    }

    @Test(arguments: [(301, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
    func methodsChangeAsTheyShould(_ status: Int, _ method: String) async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await HTTPProbe.fetch(
            nginx.url("/redirect-\(status)"),
            ["method": .string("POST"), "body": .string("x"), "include_body": .bool(true)])
        #expect(fetched.body == method + "\n")
    }

    @Test func theFailingHopKeepsTheOnesBefore() async throws {
        let peer = try await HTTPProbe.peer()
        let closed = "http://127.0.0.1:\(try FreePorts.closed())/"
        let fetched = try await HTTPProbe.fetch(peer.url("/redirect?to=\(closed)"))
        #expect(fetched.failure?.code == .connectionRefused && fetched.failure?.stage == .connect)
        let report = try #require(fetched.report)
        #expect(report.redirects.count == 1 && report.last.url == closed && report.last.status == nil)
        #expect(report.last.phases.connect != nil && report.last.phases.send == nil)
    }
}
