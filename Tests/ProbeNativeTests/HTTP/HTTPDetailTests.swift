import CCurl
import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// What a report tells beside the answer: the connection, its TLS, its name server, both families, libcurl's own limits.
@Suite struct HTTPDetailTests {
    @Test func theKernelsViewOfTheConnection() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        for url in [nginx.url("/large"), nginx.url("/large", tls: certificates.good)] {
            let fetched = try await HTTPProbe.fetch(url, ["verify_tls": .bool(false), "body_limit": .integer(8 << 20)])
            let tcp = try #require(fetched.report?.last.tcp)
            // A loopback connection: some microseconds up to what a busy machine makes of them.
            #expect(tcp.roundTrip > .zero && tcp.roundTrip < .seconds(2), "\(tcp)")
            #expect((0...1000).contains(tcp.retransmits))
        }
        let refused = try await HTTPProbe.fetch("http://127.0.0.1:\(try FreePorts.closed())/")
        #expect(refused.report?.last.tcp == nil)
        // Cut by the deadline: the connection was there all the same.
        let cut = try await HTTPProbe.fetch(try await HTTPProbe.peer().url("/hang"), timeout: .milliseconds(300.0))
        #expect(cut.failure?.code == .deadlineExceeded && cut.report?.last.tcp != nil)
    }

    @Test func whatTLSNegotiated() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let fetched = try await HTTPProbe.fetch(
            nginx.url("/", tls: certificates.good), ["verify_tls": .bool(false), "http_version": .string("2")])
        let security = try #require(fetched.report?.security)
        #expect(security.session?.alpn == "h2" && security.session?.group == "x25519")
        #expect(security.isStapled == false)
        #expect((28...30).contains(security.daysLeft ?? 0))
        let older = try await HTTPProbe.fetch(
            nginx.url("/", tls: certificates.good), ["verify_tls": .bool(false), "http_version": .string("1.1")])
        #expect(older.report?.security?.session?.alpn != "h2")
        let failed = try await HTTPProbe.fetch(nginx.url("/", tls: certificates.expired))
        #expect(failed.report?.security?.session == nil && failed.report?.security?.daysLeft ?? 0 < 0)
    }

    @Test func redirectsAreToldInFull() async throws {
        let (nginx, certificates) = (try await HTTPProbe.nginx(), try await TestCertificates.shared())
        let fetched = try await HTTPProbe.fetch(
            nginx.url("/redirect-to?url=\(nginx.url("/"))", tls: certificates.good), ["verify_tls": .bool(false)])
        let hop = try #require(fetched.report?.redirects.first)
        #expect(hop.status == 302 && hop.address == IPAddress("127.0.0.1") && hop.httpVersion == "2")
        #expect(hop.fields.contains(HTTPField("location", nginx.url("/"))))
        #expect(hop.security?.version == "TLSv1.3" && hop.tcp != nil && hop.phases.tls != nil)
        #expect(fetched.report?.security == nil && fetched.report?.httpVersion == "1.1")
    }

    @Test func aRedirectsHeaderIsKeptInPartOnly() {
        var hop = HTTPHop(url: "http://a/")
        hop.fields = (0..<100).map { HTTPField("x-\($0)", String(repeating: "y", count: 1000)) }
        #expect(hop.passed.fields.count == 8)
    }

    @Test func curlTellsTheSameStory() async throws {
        let (peer, nginx) = (try await HTTPProbe.peer(), try await HTTPProbe.nginx())
        let format = "%{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer} %{time_total}"
        let secure = nginx.url("/slow", tls: try await TestCertificates.shared().good)
        for (url, part) in [
            (peer.url("/delay/300"), "wait"), (peer.url("/drip/4/100"), "transfer"), (secure, "transfer"),
        ] {
            let limit = url == secure ? "20000" : "1000000"
            let output = try await Oracle.run(
                "curl", ["-sk", "--max-filesize", "8000000", "-r", "0-\(limit)", "-o", "/dev/null", "-w", format, url])
            let times = output.output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            try #require(times.count == 5, "\(output)")
            let fetched = try await HTTPProbe.fetch(
                url,
                [
                    "verify_tls": .bool(false), "headers": .object([.init("Range", .string("bytes=0-\(limit)"))]),
                ])
            let phases = try #require(fetched.report?.phases, "\(fetched.result.outcome)")
            let theirs = [
                "connect": times[0], "tls": max(0, times[1] - times[0]), "wait": times[3] - times[2],
                "transfer": times[4] - times[3],
            ]
            let ours = [
                "connect": phases.connect, "tls": phases.tls.map { $0 + (phases.verify ?? .zero) }, "wait": phases.wait,
                "transfer": phases.transfer,
            ].mapValues { $0?.inSeconds ?? 0 }
            // Both put the time that the server takes into the same phase, and it is the longest.
            #expect(ours.max { $0.value < $1.value }?.key == part, "\(ours)")
            #expect(theirs.max { $0.value < $1.value }?.key == part, "\(theirs)")
        }
    }

    @Test func bothFamiliesSideBySide() async throws {
        let nginx = try await HTTPProbe.nginx()
        let engine = try #require(HTTPProbe.engine)
        let probe = try HTTPProbe.prepare(
            "http://localhost:\(nginx.httpPort)/",
            ["ip_version": .string("both"), "expect": .object([.init("status", .integer(200))])])
        let result = await engine.run(probe, timeout: .seconds(20))
        let both = try #require(result.outcome.report as? SideBySide)
        #expect(result.outcome.failure == nil, "\(result.outcome)")
        #expect(both.v4.resolvedAddress == IPAddress("127.0.0.1") && both.v6.resolvedAddress == IPAddress("::1"))
        for side in [both.v4, both.v6] {
            let report = try #require(side.report as? HTTPReport)
            #expect(report.last.status == 200 && report.expectations.map(\.isMet) == [true])
        }
    }

    @Test func theJobsOwnNameServer() async throws {
        let (nginx, nsd) = (try await HTTPProbe.nginx(), try await NSDServer())
        let url = "http://n1.wild.probe.test:\(nginx.httpPort)/"
        let own = ["resolver": ParameterValue.string("127.0.0.1:\(nsd.port)")]
        let fetched = try await HTTPProbe.fetch(url, own)
        #expect(fetched.failure == nil && fetched.result.outcome.resolvedAddress == IPAddress("127.0.0.1"))
        #expect(fetched.report?.phases.dns ?? .zero > .zero)
        let unknown = try await HTTPProbe.fetch("http://no-such.probe.test/", own)
        #expect(unknown.failure?.code == .resolveNXDomain && unknown.failure?.stage == .resolve)
        let dead = try await HTTPProbe.fetch(
            url, ["resolver": .string("127.0.0.1:\(try FreePorts.closed())")], timeout: .seconds(5))
        #expect(dead.failure?.stage == .resolve && dead.failure?.code != nil)
        await nsd.stop()
    }

    /// libcurl's own limit of a connect is 300 s where none is set. What it waits for next shows that ours is set: it
    /// must not be before a job's longest deadline.
    @Test func libcurlsConnectLimitIsBeyondEveryDeadline() async throws {
        let peer = try await HTTPProbe.peer()
        let url = try HTTPURL(target: "http://127.0.0.1:\(peer.port("backlog"))/")
        let address = SocketAddress(IPAddress(v4: 0x7f00_0001), port: UInt16(peer.port("backlog")))
        let options = CurlTransfer.Options(
            isCompressed: true, bodyLimit: 1, bodyKept: 0, enforcesVerification: true)
        let transfer = try #require(
            CurlTransfer(
                HTTPRequest(url: url, method: .get, fields: []), along: HTTPRoute(connect: address, target: address),
                options, time: SystemTime()
            ) { () throws(ProbeFailure) in
                do throws(Errno) { return try Syscalls.socket(AF_INET, CurlTransfer.socketType, 0) } catch {
                    throw error.failure(.connect, "opening")
                }
            })
        // Its other timer while it connects, for a second address.
        transfer.easy.set(CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 1)
        let multi = try #require(curl_multi_init())
        var (running, milliseconds) = (Int32(0), 0)
        #expect(curl_multi_add_handle(multi, transfer.easy.handle) == CURLM_OK)
        while (0...1000).contains(milliseconds) {
            #expect(curl_multi_perform(multi, &running) == CURLM_OK)
            #expect(curl_multi_timeout(multi, &milliseconds) == CURLM_OK)
        }
        #expect(running == 1)
        #expect(milliseconds > 600_000, "\(milliseconds)")
        curl_multi_remove_handle(multi, transfer.easy.handle)
        curl_multi_cleanup(multi)
    }

    @Test(arguments: ["x y", "127.0.0.1:0", "[::1", "a:b:c", "-x", "https://a.example/dns-query"])
    func badNameServersAreRefused(_ text: String) {
        let error = #expect(throws: InvalidInput.self) {
            try HTTPProbe.prepare("http://a.example/", ["resolver": .string(text)])
        }
        #expect(error?.detail.hasPrefix("resolver must be an address") == true)
    }
}
