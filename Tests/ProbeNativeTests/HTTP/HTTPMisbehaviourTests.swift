import ProbeTesting
import Testing

@testable import ProbeNative

/// Servers that break the protocol, or never end.
@Suite struct HTTPMisbehaviourTests {
    @Test(arguments: [
        ("/garbage", ErrorCode.httpInvalidResponse), ("/http09", .httpInvalidResponse),
        ("/bad-status", .httpInvalidResponse),
        ("/empty", .httpInvalidResponse), ("/bad-chunk", .httpInvalidResponse), ("/bad-gzip", .httpInvalidResponse),
        ("/huge-header", .httpInvalidResponse), ("/bad-header", .httpInvalidResponse), ("/nul", .httpInvalidResponse),
        ("/short", .truncated), ("/reset", .connectionReset),
    ])
    func isNamed(_ path: String, _ code: ErrorCode) async throws {
        let peer = try await HTTPProbe.peer()
        let fetched = try await HTTPProbe.fetch(peer.url(path))
        #expect(fetched.failure?.code == code, "\(path): \(String(describing: fetched.failure))")
        #expect(fetched.failure?.isMeasurement == true)
    }

    @Test func tolerableOddities() async throws {
        let peer = try await HTTPProbe.peer()
        for (path, body) in [("/no-length", "until the end\n"), ("/continue", "at last\n")] {
            let fetched = try await HTTPProbe.fetch(peer.url(path), ["include_body": .bool(true)])
            #expect(fetched.failure == nil && fetched.status == 200 && fetched.body == body, "\(path) \(fetched)")
        }
        let many = try await HTTPProbe.fetch(peer.url("/many-headers"))
        #expect(many.failure == nil && many.report?.fields.count ?? 0 > 10_000)
    }

    @Test func endlessBodiesAndBombsEndAtTheLimit() async throws {
        let peer = try await HTTPProbe.peer()
        let endless = try await HTTPProbe.fetch(peer.url("/endless"))
        #expect(endless.failure == nil && endless.report?.isTruncated == true && endless.report?.bodyCount == 1 << 20)
        let bomb = try await HTTPProbe.fetch(peer.url("/bomb"), ["include_body": .bool(true)])
        #expect(bomb.failure == nil && bomb.report?.isTruncated == true && bomb.report?.body?.count == 1 << 20)
        #expect(bomb.report?.encodedBodyCount ?? .max < 1 << 18)
    }

    @Test func endlessHeadersAreCut() async throws {
        let flood = try RawServer("HTTP/1.1 200 OK\r\n", repeating: "X-More: of the same\r\n")
        defer { flood.stop() }
        let fetched = try await HTTPProbe.fetch("http://127.0.0.1:\(flood.port)/")
        #expect(fetched.failure?.code == .httpInvalidResponse)
        let interim = try RawServer("", repeating: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        defer { interim.stop() }
        let second = try await HTTPProbe.fetch("http://127.0.0.1:\(interim.port)/")
        #expect(second.failure?.code == .httpInvalidResponse)
    }

    @Test(arguments: [("/hang", Stage.response), ("/hang-body", .body), ("/drip/1000/50", .body)])
    func theDeadlineTellsTheStage(_ path: String, _ stage: Stage) async throws {
        let url = try await HTTPProbe.peer().url(path)
        let fetched = try await patiently(until: { $0.failure?.stage == stage }) { scale in
            try await HTTPProbe.fetch(url, timeout: .milliseconds(300) * scale)
        }
        #expect(fetched.failure?.code == .deadlineExceeded && fetched.failure?.stage == stage)
        #expect(fetched.report?.phases.connect != nil && fetched.report?.phases.wait != nil)
        #expect((stage == .body) == (fetched.status == 200))
    }

    @Test func theDeadlineDuringConnectAndTLS() async throws {
        let peer = try await HTTPProbe.peer()
        let connect = try await HTTPProbe.fetch(
            "http://127.0.0.1:\(peer.port("backlog"))/", timeout: .milliseconds(300.0))
        #expect(connect.failure?.code == .deadlineExceeded && connect.failure?.stage == .connect)
        #expect(connect.report?.phases.connect ?? .zero > .zero)
        let tls = try await patiently(until: { $0.failure?.stage == .tls }) { scale in
            try await HTTPProbe.fetch("https://127.0.0.1:\(peer.port("silent"))/", timeout: .milliseconds(300) * scale)
        }
        #expect(tls.failure?.code == .deadlineExceeded && tls.failure?.stage == .tls)
        #expect(tls.report?.phases.tls ?? .zero > .zero)
    }

    @Test func refusedAndReset() async throws {
        let closed = try await HTTPProbe.fetch("http://127.0.0.1:\(try FreePorts.closed())/")
        #expect(closed.failure?.code == .connectionRefused && closed.failure?.stage == .connect)
        let plain = try await HTTPProbe.fetch("https://127.0.0.1:\(try await HTTPProbe.nginx().httpPort)/")
        #expect(plain.failure?.code == .tlsHandshakeFailed && plain.failure?.stage == .tls)
    }

    @Test func cancellationClosesTheSocketAtOnce() async throws {
        let peer = try await PythonPeer.http()
        let engine = try #require(HTTPProbe.engine)
        let probe = try HTTPProbe.prepare("http://127.0.0.1:\(peer.port("silent"))/")
        let (done, finish) = AsyncStream<ProbeResult>.makeStream()
        let running = engine.start(probe, deadline: engine.time.now + .seconds(60)) { finish.yield($0) }
        _ = try await peer.events.next("connection") { $0["event"]?.string == "silent" && $0["open"]?.int == 1 }
        running.stop(.cancelled)
        var results = done.makeAsyncIterator()
        #expect(await results.next()?.outcome.failure?.code == .cancelled)
        _ = try await peer.events.next("close", within: .seconds(30)) { $0["open"]?.int == 0 }
        await peer.stop()
    }
}
