import ProbeNative
import Testing

@testable import probe_agent

@Suite struct ReverseDNSTextTests {
    @Test func eachNameHasItsVerdict() throws {
        let address = try #require(IPAddress("192.0.2.1"))
        var report = ReverseDNSReport(address: address)
        let others: [(String, [String], Bool?)] = [
            ("good.example", ["192.0.2.1"], true), ("liar.example", ["192.0.2.9"], false), ("gone.example", [], false),
            ("evil\u{1b}[2J", [], nil),
        ]
        for (hostname, addresses, verdict) in others {
            var name = ReverseDNSReport.Name(hostname: hostname)
            name.addresses = addresses.compactMap { IPAddress($0) }
            name.isConfirmed = verdict
            report.names.append(name)
        }
        report.resolver = SocketAddress(address, port: 53)
        report.queryTime = .milliseconds(1.5)
        let result = ProbeResult(
            tool: "reverse_dns", target: "192.0.2.1", outcome: ProbeOutcome(report),
            finishedAt: WallTime(nanoseconds: 0))
        let text = ResultText.render(result, color: false)
        #expect(text.hasPrefix("192.0.2.1  1.2.0.192.in-addr.arpa.\n  good.example"))
        #expect(text.contains("  leads back\n"))
        #expect(text.contains("  leads elsewhere: 192.0.2.9\n"))
        #expect(text.contains("  has no such address\n"))
        #expect(text.contains("answered by 192.0.2.1:53, 1.5 ms\n"))
        #expect(!text.contains("\u{1b}"))
        #expect(ResultText.render(result, color: true).contains("\u{1b}[32mleads back"))
    }
}
