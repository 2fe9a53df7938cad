import Testing

@testable import ProbeNative
@testable import probe_agent

@Suite struct PortCheckTextTests {
    private func text(_ report: PortCheckReport, _ failure: ProbeFailure? = nil, color: Bool = false) -> String {
        let result = ProbeResult(
            tool: "port_check", target: "web.example", outcome: ProbeOutcome(report, failure: failure),
            run: .milliseconds(1500), finishedAt: WallTime(nanoseconds: 0))
        return ResultText.render(result, color: color)
    }

    private func report() -> PortCheckReport {
        var reader = ParameterReader([.init("ports", .string("1-1000"))])
        var report = PortCheckReport(PortCheckParameters(&reader))
        report.address = IPAddress("192.0.2.1")
        return report
    }

    @Test func aStateThatMostPortsHaveIsSummedUp() {
        var report = report()
        let open = PortVerdict(state: .open, reason: .synAck)
        let closed = PortVerdict(state: .closed, reason: .reset)
        report.findings = [
            PortFinding(22, open, roundTrip: .microseconds(120)), PortFinding(23, .silent, roundTrip: nil),
        ]
        report.findings += (100...900).map { PortFinding($0, closed, roundTrip: .microseconds(50)) }
        report.banners[22] = Array("SSH-2.0-evil\u{1b}[2J\r\n".utf8)
        report.senders[23] = IPAddress("192.0.2.254")
        let text = text(report)
        #expect(
            text == """
                web.example (192.0.2.1)  1000 ports, tcp
                  port    state     service  ms    reason
                  22/tcp  open      ssh      0.12  syn_ack  SSH-2.0-evil\\x1b[2J
                  23/tcp  filtered  telnet   -     no_response from 192.0.2.254
                  not shown: 801 closed (reset)
                  1 open, 801 closed, 1 filtered, 197 not tried
                  ok  1500.0 ms

                """)
        #expect(self.text(report, color: true).contains("\u{1b}[32mopen"))
    }

    @Test func aFailureBeforeAnyPort() {
        let text = text(report(), ProbeFailure(.policy, .policyDenied, "No."))
        #expect(text == "web.example (192.0.2.1)  1000 ports, tcp\n  failed at policy (policy_denied): No.\n")
    }
}
