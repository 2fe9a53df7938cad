import ProbeTesting
import Testing

@testable import ProbeNative

/// Against nginx, with the curl command as the second opinion.
@Suite struct HTTPFetchTests {
    @Test func plainGetWithPhasesThatAddUp() async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await HTTPProbe.fetch(nginx.url("/"), ["include_body": .bool(true)])
        #expect(fetched.failure == nil)
        #expect(fetched.status == 200)
        #expect(fetched.body == "hello\n")
        #expect(fetched.field("content-type") == "text/html")
        #expect(fetched.result.outcome.resolvedAddress == IPAddress("127.0.0.1"))
        let report = try #require(fetched.report)
        #expect(report.httpVersion == "1.1" && report.bodyCount == 6 && !report.isTruncated && report.security == nil)
        let phases = report.phases
        let parts = [phases.dns, phases.connect, phases.send, phases.wait, phases.transfer]
        #expect(parts.allSatisfy { $0.map { $0 >= .zero } == true })
        #expect(phases.tls == nil && phases.verify == nil)
        #expect(phases.total == parts.reduce(.zero) { $0 + ($1 ?? .zero) })
        #expect(phases.total > .zero && phases.total <= fetched.result.run)
    }

    @Test func theTimeIsPutWhereItWasSpent() async throws {
        let peer = try await HTTPProbe.peer()
        let late = try #require(try await HTTPProbe.fetch(peer.url("/delay/200")).report?.phases)
        #expect(late.wait ?? .zero >= .milliseconds(190) && late.transfer ?? .seconds(9) < late.wait ?? .zero)
        let slow = try #require(try await HTTPProbe.fetch(peer.url("/drip/5/50")).report?.phases)
        #expect(slow.transfer ?? .zero >= .milliseconds(190) && slow.wait ?? .seconds(9) < slow.transfer ?? .zero)
    }

    @Test(arguments: [
        "/", "/healthz", "/large", "/gzip", "/status/204", "/status/301", "/status/404", "/status/503", "/redirect/3",
        "/bad-gateway",
    ])
    func curlAgrees(_ path: String) async throws {
        let nginx = try await HTTPProbe.nginx()
        let format = "%{http_code} %{size_download} %{num_redirects} %{url_effective} %{http_version} %{content_type}"
        for url in [nginx.url(path), nginx.url(path, tls: try await TestCertificates.shared().good)] {
            let curl = try await Oracle.check("curl", ["-skL", "--compressed", "-o", "/dev/null", "-w", format, url])
            let ours = try await HTTPProbe.fetch(url, ["verify_tls": .bool(false), "body_limit": .integer(16 << 20)])
            let report = try #require(ours.report)
            let seen: [String] = [
                "\(report.last.status ?? 0)", "\(report.encodedBodyCount ?? report.bodyCount ?? 0)",
                "\(report.redirects.count)", report.last.url, report.httpVersion ?? "",
                ours.field("content-type") ?? "",
            ]
            #expect(seen.joined(separator: " ") == curl.split(separator: "\n").joined())
        }
    }

    @Test func aStatusOfFourHundredFailsTheExpectation() async throws {
        let fetched = try await HTTPProbe.fetch(try await HTTPProbe.nginx().url("/status/404"))
        #expect(fetched.failure?.code == .expectationFailed)
        #expect(fetched.failure?.stage == .expectation)
        #expect(fetched.failure?.isMeasurement == true)
        #expect(fetched.status == 404 && fetched.report?.phases.transfer != nil)
    }

    @Test(arguments: HTTPMethod.allCases)
    func everyMethod(_ method: HTTPMethod) async throws {
        let peer = try await HTTPProbe.peer()
        var parameters: [String: ParameterValue] = ["method": .string(method.rawValue), "include_body": .bool(true)]
        if method.mayHaveBody { parameters["body"] = .string("ünï\0 body") }
        let fetched = try await HTTPProbe.fetch(peer.url("/echo"), parameters)
        #expect(fetched.status == 200)
        guard method != .head else {
            #expect(fetched.body == "" && fetched.failure == nil)
            return
        }
        let seen = try JSONValue(parsing: try #require(fetched.body))
        #expect(seen["method"]?.string == method.rawValue)
        let body = seen["body"]?.string.map {
            String(decoding: $0.unicodeScalars.map { UInt8($0.value) }, as: UTF8.self)
        }
        #expect(body == (method.mayHaveBody ? "ünï\0 body" : ""))
        let names = (seen["headers"]?.array ?? []).compactMap { $0[0]?.string?.lowercased() }
        #expect(!names.contains("expect") && !names.contains("content-type"))
    }

    @Test func aPostWithoutBodySaysSo() async throws {
        let peer = try await HTTPProbe.peer()
        let fetched = try await HTTPProbe.fetch(
            peer.url("/echo"), ["method": .string("POST"), "include_body": .bool(true)])
        #expect(fetched.body?.contains(#"["Content-Length", "0"]"#) == true)
    }

    @Test func aBodyOfAMegabyteIsSentWhole() async throws {
        let peer = try await HTTPProbe.peer()
        let text = String(repeating: "0123456789abcdef", count: 65536)
        let fetched = try await HTTPProbe.fetch(
            peer.url("/echo"),
            [
                "method": .string("PUT"), "body": .string(text), "include_body": .bool(true),
                "body_limit": .integer(4 << 20),
            ])
        #expect(try JSONValue(parsing: try #require(fetched.body))["body"]?.string == text)
        #expect(fetched.report?.phases.send ?? .zero > .zero)
    }

    @Test func headersAreSentAsGiven() async throws {
        let peer = try await HTTPProbe.peer()
        let headers = ParameterValue.object([
            .init("X-Test", .string("a, b")), .init("X-Empty", .string("")), .init("User-Agent", .string("me")),
            .init("Host", .string("other.example")), .init("X-Number", .integer(5)),
        ])
        let fetched = try await HTTPProbe.fetch(peer.url("/echo"), ["headers": headers, "include_body": .bool(true)])
        let seen = try JSONValue(parsing: try #require(fetched.body))["headers"]?.array ?? []
        let pairs = seen.map { "\($0[0]?.string ?? "")=\($0[1]?.string ?? "")" }
        for pair in ["X-Test=a, b", "X-Empty=", "User-Agent=me", "Host=other.example", "X-Number=5"] {
            #expect(pairs.contains(pair), "\(pairs)")
        }
        #expect(pairs.filter { $0.hasPrefix("Host=") || $0.hasPrefix("User-Agent=") }.count == 2)
    }

    @Test func versionsAreWhatWasAskedFor() async throws {
        let nginx = try await HTTPProbe.nginx()
        let certificates = try await TestCertificates.shared()
        let secure = nginx.url("/seen", tls: certificates.good)
        for (version, expected) in [(nil, "2"), ("1.1", "1.1"), ("2", "2")] as [(String?, String)] {
            var parameters: [String: ParameterValue] = ["verify_tls": .bool(false), "include_body": .bool(true)]
            parameters["http_version"] = version.map(ParameterValue.string)
            let fetched = try await HTTPProbe.fetch(secure, parameters)
            #expect(fetched.report?.httpVersion == expected)
            #expect(fetched.body == (expected == "2" ? " HTTP/2.0\n" : " HTTP/1.1\n"))
        }
        // nginx 1.22 does not know the HTTP/2 preface on its plain port.
        let prior = try await HTTPProbe.fetch(nginx.url("/"), ["http_version": .string("2")])
        #expect(prior.failure?.code == .httpInvalidResponse, "\(prior.result.outcome)")
    }

    @Test func ipv6() async throws {
        let nginx = try await HTTPProbe.nginx()
        let fetched = try await HTTPProbe.fetch("http://[::1]:\(nginx.httpPort)/")
        #expect(fetched.failure == nil)
        #expect(fetched.result.outcome.resolvedAddress == IPAddress("::1"))
        let wrong = try await HTTPProbe.fetch("http://[::1]:\(nginx.httpPort)/", ["ip_version": .integer(4)])
        #expect(wrong.failure?.code == .noAddress)
    }

    @Test func anAddressGivenForTheNameIsUsedAndTheNameIsSent() async throws {
        let peer = try await HTTPProbe.peer()
        let fetched = try await HTTPProbe.fetch(
            "http://nowhere.example:\(peer.port("http"))/echo",
            ["resolve_to": .string("127.0.0.1"), "include_body": .bool(true)])
        #expect(fetched.body?.contains("\"nowhere.example:\(peer.port("http"))\"") == true)
        #expect(fetched.result.outcome.resolvedAddress == IPAddress("127.0.0.1"))
    }

    @Test func theSourceAddressIsUsed() async throws {
        let nginx = try await HTTPProbe.nginx()
        #expect(try await HTTPProbe.fetch(nginx.url(), ["source": .string("127.0.0.2")]).failure == nil)
        let foreign = try await HTTPProbe.fetch(nginx.url(), ["source": .string("192.0.2.77")])
        #expect(foreign.failure?.code == .invalidParameters)
    }

    @Test func compressionIsDecodedOrLeftAlone() async throws {
        let nginx = try await HTTPProbe.nginx()
        let decoded = try await HTTPProbe.fetch(nginx.url("/gzip"), ["include_body": .bool(true)])
        #expect(decoded.body?.hasPrefix("all work and no play") == true)
        #expect(decoded.field("content-encoding") == "gzip")
        let report = try #require(decoded.report)
        #expect(report.bodyCount == 65541 && report.encodedBodyCount ?? .max < 2000)
        let plain = try await HTTPProbe.fetch(nginx.url("/gzip"), ["compressed": .bool(false)])
        #expect(plain.field("content-encoding") == nil)
        #expect(plain.report?.bodyCount == 65541 && plain.report?.encodedBodyCount == nil)
    }

    @Test func theBodyEndsAtItsLimit() async throws {
        let nginx = try await HTTPProbe.nginx()
        let cut = try await HTTPProbe.fetch(
            nginx.url("/large"), ["body_limit": .integer(1000), "include_body": .bool(true)])
        #expect(cut.failure == nil)
        #expect(cut.report?.isTruncated == true && cut.report?.bodyCount == 1000 && cut.body?.utf8.count == 1000)
        let whole = try await HTTPProbe.fetch(nginx.url("/large"), ["body_limit": .integer(4 << 20)])
        #expect(whole.report?.isTruncated == false && whole.report?.bodyCount == 4 << 20 && whole.report?.body == nil)
        let none = try await HTTPProbe.fetch(nginx.url("/"), ["body_limit": .integer(0)])
        #expect(none.failure == nil && none.report?.isTruncated == true && none.report?.bodyCount == 0)
    }
}
