import Testing

@testable import ProbeNative
@testable import probe_agent

@Suite struct PingTextTests {
    private func render(
        _ packets: [PingReport.Packet], failure: ProbeFailure? = nil, quality: Quality = Quality(), color: Bool = false
    ) -> String {
        var report = PingReport(engine: "liboping", transport: .icmp, size: 56)
        report.address = IPAddress("192.0.2.7")
        report.packets = packets
        let outcome = ProbeOutcome(report, failure: failure, resolvedAddress: report.address, quality: quality)
        let result = ProbeResult(
            tool: "ping", target: "host.example", outcome: outcome, run: .milliseconds(2004),
            finishedAt: WallTime(nanoseconds: 0))
        return ResultText.render(result, color: color)
    }

    private let reply = PingReport.Packet(
        seq: 1, status: .reply, rtt: .microseconds(12_034), ttl: 57, from: IPAddress("192.0.2.7"))

    @Test func looksLikePing() {
        let text = render([reply, .init(seq: 2, status: .timeout), .init(seq: 3, status: .sendError)])
        #expect(
            text == """
                PING host.example (192.0.2.7): 56 data bytes
                64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=12.034 ms
                no reply: icmp_seq=2
                not sent: icmp_seq=3

                --- host.example ping statistics ---
                2 packets sent, 1 received, 50% loss, time 2004 ms
                rtt min/avg/max/stddev = 12.034/12.034/12.034/0.000 ms, median 12.034

                """)
    }

    @Test func lateRepliesDuplicatesAndRefusalsAreTold() {
        var quality = Quality()
        (quality.lateReplies, quality.duplicates, quality.receiveOverflow) = (1, 1, 7)
        var (late, duplicate) = (reply, reply)
        (late.seq, late.status) = (2, .late)
        duplicate.status = .duplicate
        let refused = PingReport.Packet(
            seq: 3, status: .unreachable, from: IPAddress("192.0.2.1"), reason: "host_unreachable")
        let text = render([reply, duplicate, late, refused], quality: quality)
        #expect(
            text == """
                PING host.example (192.0.2.7): 56 data bytes
                64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=12.034 ms
                64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=12.034 ms (duplicate)
                64 bytes from 192.0.2.7: icmp_seq=2 ttl=57 time=12.034 ms (late)
                host unreachable from 192.0.2.1: icmp_seq=3

                --- host.example ping statistics ---
                3 packets sent, 1 received, +1 duplicate, 66.7% loss, time 2004 ms
                rtt min/avg/max/stddev = 12.034/12.034/12.034/0.000 ms, median 12.034
                This computer dropped 7 packets that it had no room for; some may have been replies.
                1 reply came too late to count as received.

                """)
    }

    @Test func aFailureBeforeTheFirstPacketIsSaid() {
        let text = render([], failure: ProbeFailure(.request, .permissionDenied, "No permission."))
        #expect(text == "PING host.example (192.0.2.7): 56 data bytes\nNo permission.\n")
    }

    @Test func doubtsAndCutsAreSaid() {
        var quality = Quality()
        quality.clockStepped = true
        let text = render([reply], failure: .deadline(.response), quality: quality)
        #expect(text.contains("The deadline came"))
        #expect(text.contains("clock was set"))
    }

    @Test func colorOnlyWhereItIsWanted() {
        #expect(render([reply], color: true).contains("\u{1b}["))
        #expect(!render([reply]).contains("\u{1b}["))
    }

    @Test(arguments: [(0.0, "0.000"), (1.0005, "1.001"), (0.0126, "0.013"), (1234.5, "1234.500")])
    func decimals(_ value: Double, _ text: String) { #expect(PingText.decimal(value) == text) }
}
