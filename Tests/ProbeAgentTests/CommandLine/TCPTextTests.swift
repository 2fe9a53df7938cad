import Testing

@testable import ProbeNative
@testable import probe_agent

@Suite struct TCPTextTests {
    @Test func aConversationIsShownStepByStep() {
        var report = TCPReport(port: 25)
        report.address = IPAddress("192.0.2.1")
        report.connectTime = .milliseconds(1.5)
        report.tlsTime = .milliseconds(4.25)
        report.security = .init(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", isGood: true)
        report.banner = Array("220 mail\u{1b}[2J\r\n".utf8)
        report.steps = [
            .init(expected: "^220", duration: .milliseconds(2), matched: true, seen: report.banner),
            .init(
                sent: 6, expected: "^250", duration: .milliseconds(3), matched: false, seen: Array("550 no\r\n".utf8)),
        ]
        let failure = ProbeFailure(.expectation, .expectationFailed, "The peer did not.")
        let result = ProbeResult(
            tool: "tcp", target: "mail.example", outcome: ProbeOutcome(report, failure: failure),
            finishedAt: WallTime(nanoseconds: 0))
        #expect(
            ResultText.render(result, color: false) == """
                mail.example (192.0.2.1) port 25
                  connected 1.50 ms
                  tls       4.25 ms  TLSv1.3  TLS_AES_256_GCM_SHA384  certificate is good
                  banner    220 mail\\x1b[2J
                  step 1    found "^220"  2.00 ms
                  step 2    sent 6 bytes  not found "^250"  3.00 ms
                            550 no
                  failed at expectation (expectation_failed): The peer did not.

                """)
    }

    @Test func stepsAreWordsOfTheCommandLine() throws {
        let flags = ToolFlags(TCPTool())
        let words = [
            "mail.example", "25", "expect:^220", "send:EHLO a,b\\r\\n", "starttls", "--steps", "expect:a,b", "--tls",
        ]
        let job = try flags.job(FlagParser(flags.flags, presets: flags.presets).parse(words))
        #expect(job.target == "mail.example")
        #expect(job.parameters.contains(.init("port", .string("25"))))
        let steps = ["expect:^220", "send:EHLO a,b\\r\\n", "starttls", "expect:a,b"]
        #expect(job.parameters.contains(.init("steps", .array(steps.map { .string($0) }))))
        #expect(FlagHelp.text(flags.flags).contains("--steps TEXT ..."))
    }

    @Test func portsAreWordsOfTheCommandLine() throws {
        let flags = ToolFlags(PortCheckTool())
        let words = ["web.example", "22,80", "8000-8100", "-sU", "-p", "9"]
        let job = try flags.job(FlagParser(flags.flags, presets: flags.presets).parse(words))
        #expect(job.parameters.contains(.init("protocol", .string("udp"))))
        let ports = ["22", "80", "8000-8100", "9"]
        #expect(job.parameters.contains(.init("ports", .array(ports.map { .string($0) }))))
    }
}
