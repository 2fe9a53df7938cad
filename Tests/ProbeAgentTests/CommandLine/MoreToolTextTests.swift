import ProbeNative
import Testing

@testable import probe_agent

/// The texts of whois, ntp and websocket, over made-up reports.
@Suite struct MoreToolTextTests {
    private let address = IPAddress(v4: 0xc000_0201)

    private func render(
        _ tool: String, _ target: String, _ report: any Report, _ failure: ProbeFailure? = nil, color: Bool = false
    ) -> String {
        let outcome = ProbeOutcome(report, failure: failure, resolvedAddress: address)
        return ResultText.render(
            ProbeResult(tool: tool, target: target, outcome: outcome, finishedAt: WallTime(nanoseconds: 0)),
            color: color)
    }

    @Test func whoisShowsTheWayTheFactsAndTheText() {
        var report = WhoisReport(seenAt: WallTime(nanoseconds: 0))
        report.source = .whois
        var first = WhoisReport.Server(name: "whois.example.net")
        first.address = address
        first.byteCount = 120
        first.response = .milliseconds(12.5)
        var second = WhoisReport.Server(name: "whois.registrar.example")
        second.failure = ProbeFailure(.connect, .connectionRefused, "Connection refused.")
        report.servers = [first, second]
        report.text = "Registrar: Example\u{1b}[2J\nend"
        report.record.registrar = "Example"
        report.record.expires = "1970-01-11"
        report.record.status = ["ok", "active"]
        (report.referral, report.stop) = ("whois.loop.example", .loop)
        let text = render("whois", "example.test", report)
        #expect(text.hasPrefix("whois example.test\n  whois.example.net (192.0.2.1)  120 bytes in 12.5 ms\n"))
        #expect(text.contains("  whois.registrar.example  Connection refused.\n"))
        #expect(text.contains("refers to whois.loop.example, which was asked before\n"))
        #expect(text.contains("  expires      1970-01-11  in 10 days\n"))
        #expect(text.contains("  status       ok, active\n"))
        #expect(text.contains("\n\n  Registrar: Example\\u{1b}[2J\n  end\n\n"))
        #expect(!text.contains("\u{1b}"))
        #expect(render("whois", "example.test", report, color: true).contains("\u{1b}[31min 10 days"))
        report.source = .rdap
        #expect(!render("whois", "example.test", report).contains("end"))
    }

    @Test func ntpShowsTheOffsetInWords() {
        var report = NTPReport(port: 1123)
        report.address = address
        report.samples = [
            .init(.reply, offset: .milliseconds(-1.25), delay: .milliseconds(3.0)), .init(.timeout), .init(.kiss),
        ]
        let text = render("ntp", "time.example", report)
        #expect(text.hasPrefix("ntp time.example (192.0.2.1) port 1123\n  1: offset -1.25 ms, delay 3.0 ms\n"))
        #expect(text.contains("  2: no answer\n  3: refused\n"))
        #expect(text.contains("  offset   -1.25 ms  this node's clock is ahead\n  delay    3.0 ms\n"))
    }

    @Test func webSocketShowsEachPhase() {
        var report = WebSocketReport(url: "wss://example.test/")
        report.address = address
        report.isSecure = true
        (report.connect, report.tls, report.handshake) = (.milliseconds(1.0), .milliseconds(12.345), .milliseconds(2.0))
        (report.status, report.subprotocol, report.tlsVersion) = (101, "chat", "TLSv1.3")
        report.echo = .init(count: 5, isText: true, matches: false, duration: .milliseconds(0.5))
        report.close = .init(code: 1008, reason: "go\u{1b} away", duration: .milliseconds(0.25))
        let text = render("websocket", "wss://example.test/", report)
        #expect(text.hasPrefix("wss://example.test/  192.0.2.1\n  connect       1.00 ms\n"))
        #expect(
            text.contains("  tls          12.35 ms  TLSv1.3\n") || text.contains("  tls          12.34 ms  TLSv1.3\n"))
        #expect(text.contains("  handshake     2.00 ms  101, subprotocol chat\n"))
        #expect(text.contains("  echo          0.50 ms  5 bytes of text, other than sent\n"))
        #expect(text.contains("  close         0.25 ms  1008: go\\u{1b} away\n"))
        let failed = ProbeFailure(.response, .expectationFailed, "No.")
        #expect(render("websocket", "x", WebSocketReport(url: "ws://x/"), failed).contains("expectation_failed"))
    }
}
