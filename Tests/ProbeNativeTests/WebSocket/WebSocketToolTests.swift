import Foundation
import ProbeTesting
import Testing

@testable import ProbeNative

/// Against Python's websockets, and a server that breaks the rules by hand (Tests/Peers/ws_peer.py).
@Suite struct WebSocketToolTests {
    private static let sharedPeer = Task {
        try await PythonPeer.webSocket(tls: TestCertificates.shared().good)
    }

    private struct Opened {
        var result: ProbeResult
        var report: WebSocketReport
        var failure: ProbeFailure? { result.outcome.failure }
    }

    private func url(_ path: String, port: String = "good", host: String = "127.0.0.1") async throws -> String {
        let scheme = port == "secure" ? "wss" : "ws"
        return "\(scheme)://\(host):\(try await Self.sharedPeer.value.port(port))\(path)"
    }

    private func open(_ url: String, _ parameters: [String: ParameterValue] = [:]) async throws -> Opened {
        let bench = try OneToolBench(WebSocketTool())
        defer { bench.stop() }
        let result = try await bench.run(url, parameters)
        return Opened(result: result, report: try #require(result.outcome.report as? WebSocketReport))
    }

    private func authority() async throws -> ParameterValue {
        .string(try String(contentsOfFile: try await TestCertificates.shared().authority, encoding: .utf8))
    }

    // MARK: What goes well

    @Test(arguments: ["127.0.0.1", "[::1]", "localhost"])
    func opensEchoesAndCloses(_ host: String) async throws {
        for length in [0, 1, 125, 126, 70_000] {
            let message = String(repeating: "ü", count: length)
            let opened = try await open(url("/echo", host: host), ["message": .string(message)])
            #expect(opened.failure == nil, "\(length)")
            #expect(opened.report.status == 101 && opened.report.handshake != nil && opened.report.connect != nil)
            #expect(opened.report.echo?.matches == true && opened.report.echo?.count == length * 2)
            #expect(opened.report.echo?.isText == true)
            #expect(opened.report.close?.code == 1000)
            #expect(opened.report.tls == nil && !opened.report.isSecure)
        }
    }

    @Test func withoutAMessageItOnlyOpensAndCloses() async throws {
        let opened = try await open(url("/silent?a=b"))
        #expect(opened.failure == nil && opened.report.echo == nil && opened.report.close?.code == 1000)
    }

    @Test(arguments: [
        ("/binary", true, false), ("/fragments", true, true), ("/other", false, true), ("/ping", true, true),
    ])
    func takesWhateverComesBack(_ path: String, _ matches: Bool, _ isText: Bool) async throws {
        let opened = try await open(url(path), ["message": .string("hello, world")])
        #expect(opened.failure == nil)
        #expect(opened.report.echo?.matches == matches && opened.report.echo?.isText == isText)
        #expect(opened.report.pings == (path == "/ping" ? 1 : 0))
    }

    @Test func headersAndSubprotocolsGoOut() async throws {
        let peer = try await PythonPeer.webSocket()
        let headers = ParameterValue.object([
            .init("X-Test", .string("yes")), .init("Sec-WebSocket-Protocol", .string("superchat, chat")),
            .init("Host", .string("elsewhere.example")),
        ])
        let opened = try await open("ws://127.0.0.1:\(peer.port("good"))/echo?x=%20y", ["headers": headers])
        #expect(opened.failure == nil && opened.report.subprotocol == "chat")
        let seen = try await peer.events.next("headers") { $0["event"]?.string == "headers" }
        #expect(seen["path"]?.string == "/echo?x=%20y")
        let pairs = seen["headers"]?.array?.map { ($0[0]?.string?.lowercased() ?? "", $0[1]?.string ?? "") } ?? []
        let fields = Dictionary(pairs) { "\($0), \($1)" }
        #expect(fields["x-test"] == "yes" && fields["host"] == "elsewhere.example")
        #expect(fields["sec-websocket-version"] == "13" && fields["sec-websocket-protocol"] == "superchat, chat")
        await peer.stop()
    }

    // MARK: TLS

    @Test func overTLSWithAPrivateAuthority() async throws {
        for host in ["127.0.0.1", "[::1]"] {
            let opened = try await open(
                url("/echo", port: "secure", host: host),
                ["ca_pem": try await authority(), "message": .string("hello")])
            #expect(opened.failure == nil)
            #expect(opened.report.tlsVersion == "TLSv1.3" && opened.report.verdict?.isGood == true)
            #expect(opened.report.tls != nil && opened.report.echo?.matches == true)
        }
    }

    @Test func aBadCertificateStopsItUnlessItIsTolerated() async throws {
        let refused = try await open(url("/echo", port: "secure"))
        #expect(refused.failure?.stage == .tls && refused.failure?.code == refused.report.verdict?.code)
        #expect(refused.report.verdict?.isGood == false && refused.report.status == nil)
        let tolerated = try await open(
            url("/echo", port: "secure"), ["verify_tls": .bool(false), "message": .string("hello")])
        #expect(tolerated.failure == nil && tolerated.report.verdict?.isGood == false)
        #expect(tolerated.report.echo?.matches == true)
        let plain = try await open(
            "wss://127.0.0.1:\(try await Self.sharedPeer.value.port("good"))/echo", ["verify_tls": .bool(false)])
        #expect(plain.failure?.stage == .tls)
    }

    // MARK: What goes wrong

    @Test(arguments: [
        ("/status/200", ErrorCode.expectationFailed), ("/status/404", .expectationFailed),
        ("/status/503", .expectationFailed), ("/redirect", .expectationFailed), ("/garbage", .httpInvalidResponse),
        ("/long-line", .httpInvalidResponse), ("/many-fields", .httpInvalidResponse), ("/eof", .connectionReset),
        ("/reset", .connectionReset), ("/no-upgrade", .protocolError), ("/no-connection", .protocolError),
        ("/wrong-accept", .protocolError), ("/no-accept", .protocolError), ("/extension", .protocolError),
        ("/subprotocol", .protocolError),
    ])
    func handshakesThatFail(_ path: String, _ code: ErrorCode) async throws {
        let opened = try await open(url(path, port: "bad"), ["message": .string("hello")])
        #expect(opened.failure?.code == code, "\(String(describing: opened.failure))")
        #expect(opened.failure?.stage == .response)
        if path.hasPrefix("/status") { #expect(opened.report.status == Int(path.suffix(3))) }
        #expect(opened.report.echo == nil)
    }

    @Test(arguments: [
        ("/masked", ErrorCode.protocolError), ("/reserved", .protocolError), ("/opcode", .protocolError),
        ("/long-ping", .protocolError), ("/cut-ping", .protocolError), ("/utf8", .protocolError),
        ("/continuation", .protocolError), ("/interleaved", .protocolError), ("/huge", .bodyTooLarge),
        ("/huger", .protocolError), ("/long-form", .protocolError), ("/close-1005", .protocolError),
        ("/close-1", .protocolError), ("/close-utf8", .protocolError), ("/frame-eof", .truncated),
        ("/no-close", .connectionReset), ("/drop", .connectionReset),
    ])
    func framesAgainstTheRules(_ path: String, _ code: ErrorCode) async throws {
        let opened = try await open(url(path, port: "bad"), ["message": .string("hello")])
        #expect(opened.failure?.code == code, "\(String(describing: opened.failure))")
        #expect(opened.failure?.stage == .response && opened.report.status == 101)
        #expect(opened.report.handshake != nil)
    }

    @Test func aServerThatClosesInsteadOfAnswering() async throws {
        let opened = try await open(url("/close"), ["message": .string("hello")])
        #expect(opened.failure?.code == .connectionReset)
        #expect(opened.report.close?.code == 1008 && opened.report.close?.reason == "not here")
    }

    @Test func aMessageOverTheLimit() async throws {
        let opened = try await open(
            url("/echo"), ["message": .string(String(repeating: "x", count: 101)), "message_limit": .integer(100)])
        #expect(opened.failure?.code == .bodyTooLarge)
    }

    /// What was asked for has been measured; that the server does not say goodbye is no failure.
    @Test(arguments: ["/no-close", "/drop"])
    func aCloseThatIsNotAnswered(_ path: String) async throws {
        let opened = try await open(url(path, port: "bad"))
        #expect(opened.failure == nil && opened.report.status == 101 && opened.report.close == nil)
    }

    @Test func theWaitForTheGoodbyeIsBounded() async throws {
        let (peer, time) = (try await PythonPeer.webSocket(), ManualTime())
        let bench = try OneToolBench(WebSocketTool(), time: time)
        defer { bench.stop() }
        let (_, results) = try bench.start(
            "ws://127.0.0.1:\(peer.port("bad"))/no-goodbye", ["message": .string("hello")], deadline: .seconds(3600))
        _ = try await peer.events.next("message") { $0["event"]?.string == "frame" }
        // The echo is read and the close sent at some moment after this; the clock is turned until it is over.
        var result: ProbeResult?
        while result == nil {
            time.advance(by: .milliseconds(500))
            result = try? await results.next("result", within: .milliseconds(50))
        }
        let report = result?.outcome.report as? WebSocketReport
        #expect(result?.outcome.failure == nil && report?.echo?.matches == true && report?.close == nil)
        await peer.stop()
    }

    @Test func nobodyListensOrNobodyMay() async throws {
        let closed = try FreePorts.closed()
        #expect(try await open("ws://127.0.0.1:\(closed)/").failure?.code == .connectionRefused)
        #expect(try await open("ws://[::1]:\(closed)/").failure?.code == .connectionRefused)
        #expect(try await open("ws://nowhere.example/").failure?.code == .resolveFailure)
        let denied = try OneToolBench(WebSocketTool(), policy: DenyPurpose(purpose: .target))
        defer { denied.stop() }
        #expect(try await denied.run(url("/echo")).code == .policyDenied)
    }

    @Test(arguments: ["/hang", "/pings"], [StopReason.deadline, .cancelled])
    func endsEarly(_ path: String, _ reason: StopReason) async throws {
        let (peer, time) = (try await PythonPeer.webSocket(), ManualTime())
        let bench = try OneToolBench(WebSocketTool(), time: time)
        defer { bench.stop() }
        let (running, results) = try bench.start(
            "ws://127.0.0.1:\(peer.port("bad"))\(path)", ["message": .string("hello")], deadline: .seconds(5))
        _ = try await peer.events.next("sign") { ["hanging", "frame"].contains($0["event"]?.string) }
        if reason == .deadline { time.advance(by: .seconds(5)) } else { running.stop(reason) }
        let result = try await results.next("result")
        #expect(result.code == reason.failure(at: .response).code, "\(String(describing: result.outcome.failure))")
        #expect(await bench.openDescriptors == 0)
        await peer.stop()
    }

    // MARK: Input

    @Test(arguments: [
        ("http2://a/", [:]), ("ws://", [:]), ("ws://a/#x", [:]), ("ws://u:p@a/", [:]), ("ws://a b/", [:]),
        ("wss://a:0/", [:]), ("ws://a:70000/", [:]), ("ftp://a/", [:]), ("", [:]), ("-x", [:]),
        ("ws://a/", ["message_limit": ParameterValue.integer(-1)]),
        ("ws://a/", ["message": .string(String(repeating: "x", count: (1 << 20) + 1))]),
        ("ws://a/", ["headers": .object([.init("Sec-WebSocket-Key", .string("x"))])]),
        ("ws://a/", ["headers": .object([.init("sec-websocket-extensions", .string("x"))])]),
        ("ws://a/", ["headers": .object([.init("Upgrade", .string("x"))])]),
        ("ws://a/", ["headers": .object([.init("X", .string("a\r\nB: c"))])]),
        ("ws://a/", ["ca_pem": .string("nothing")]), ("ws://a/", ["verify_tls": .string("perhaps")]),
    ])
    func refusesBadInput(_ target: String, _ parameters: [String: ParameterValue]) {
        let members = parameters.map { ParameterValue.Member($0.key, $0.value) }
        let error = #expect(throws: InvalidInput.self, "\(target)") {
            try WebSocketTool().prepare(target: target, parameters: members)
        }
        #expect(error?.code == .invalidParameters)
    }

    @Test(arguments: [
        ("ws://Example.com", "ws://example.com/", "/", "example.com", 80),
        ("WSS://example.com:443/a?b", "wss://example.com:443/a?b", "/a?b", "example.com:443", 443),
        ("wss://[::1]:8443/x", "wss://[::1]:8443/x", "/x", "[::1]:8443", 8443),
        ("example.com/chat", "ws://example.com/chat", "/chat", "example.com", 80),
        ("https://bücher.example/", "wss://xn--bcher-kva.example/", "/", "xn--bcher-kva.example", 443),
    ])
    func readsURLs(_ text: String, _ whole: String, _ target: String, _ authority: String, _ port: UInt16) throws {
        let url = try WebSocketURL(text)
        #expect(url.description == whole && url.requestTarget == target)
        #expect(url.authority == authority && url.port == port)
    }
}
