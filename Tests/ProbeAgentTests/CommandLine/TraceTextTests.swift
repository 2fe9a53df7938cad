import Testing

@testable import ProbeNative
@testable import probe_agent

@Suite struct TraceTextTests {
    private static func address(_ text: String) -> IPAddress { IPAddress(text) ?? IPAddress(v4: 0) }

    private static func parameters(_ transport: TraceTransport) -> TraceParameters {
        var reader = ParameterReader([.init("protocol", .string(transport.rawValue))])
        return TraceParameters(&reader) { _ in }
    }

    private func answer(
        _ from: String, _ ms: Double, _ kind: TraceAnswer.Kind = .router, type: Int = 11, code: Int = 0
    ) -> TraceAnswer {
        TraceAnswer(
            kind: kind, from: Self.address(from), rtt: .milliseconds(ms), hopLimit: 60, icmpType: type, icmpCode: code)
    }

    private func render(_ report: some Report, failure: ProbeFailure? = nil, color: Bool = false) -> String {
        let outcome = ProbeOutcome(report, failure: failure, resolvedAddress: Self.address("192.0.2.9"))
        let result = ProbeResult(
            tool: "traceroute", target: "host.example", outcome: outcome, run: .milliseconds(1240),
            finishedAt: WallTime(nanoseconds: 0))
        return ResultText.render(result, color: color)
    }

    private var traceroute: TracerouteReport {
        var report = TracerouteReport(parameters: Self.parameters(.udp))
        report.address = Self.address("192.0.2.9")
        report.facts.names[Self.address("192.0.2.1")] = "gateway.example"
        report.facts.networks[Self.address("192.0.2.3")] = 64500
        var labelled = answer("192.0.2.3", 8.5)
        labelled.labels = [MPLSLabel(label: 16000, experimental: 5, isBottom: true, ttl: 1)]
        report.hops = [
            .init(hop: 1, probes: [answer("192.0.2.1", 0.412), answer("192.0.2.1", 0.4), nil]),
            .init(hop: 2, probes: [answer("192.0.2.2", 5), labelled, nil]),
            .init(hop: 3, probes: [nil, nil, nil]),
            .init(hop: 4, probes: [answer("192.0.2.9", 12.034, .target, type: 3, code: 3)]),
        ]
        return report
    }

    @Test func looksLikeTraceroute() {
        #expect(
            render(traceroute) == """
                traceroute to host.example (192.0.2.9), udp port 33434, 60-byte packets, 30 hops at most
                  1  gateway.example (192.0.2.1)  0.412 ms  0.400 ms  *
                  2  192.0.2.2                    5.000 ms  *
                     [AS64500] 192.0.2.3          8.500 ms
                       MPLS 16000 (traffic class 5, ttl 1)
                  3  * * *
                  4  192.0.2.9                    12.034 ms
                reached in 4 hops  1.24 s

                """)
    }

    @Test func refusalsHaveTheMarksThatPeopleKnow() {
        let cases: [(String, Int, Int, String)] = [
            ("192.0.2.2", 3, 0, "!N"), ("192.0.2.2", 3, 1, "!H"), ("192.0.2.2", 3, 2, "!P"), ("192.0.2.2", 3, 13, "!X"),
            ("192.0.2.2", 3, 5, "!S"), ("192.0.2.2", 3, 4, "!F"), ("192.0.2.2", 3, 8, "!<3/8>"),
            ("2001:db8::2", 1, 0, "!N"), ("2001:db8::2", 1, 3, "!H"), ("2001:db8::2", 1, 1, "!X"),
            ("2001:db8::2", 1, 4, "!p"), ("2001:db8::2", 1, 6, "!<6>"),
        ]
        for (from, type, code, mark) in cases {
            #expect(TraceText.mark(answer(from, 1, .unreachable, type: type, code: code)) == mark)
        }
        #expect(TraceText.mark(answer("192.0.2.2", 1)) == nil)
        #expect(TraceText.mark(answer("192.0.2.9", 1, .target, type: 3, code: 3)) == nil)
        var tooBig = answer("192.0.2.2", 1, .unreachable, type: 3, code: 4)
        tooBig.mtu = 1400
        #expect(TraceText.mark(tooBig) == "!F-1400")
    }

    @Test func aFailureIsTheLastLine() {
        let text = render(traceroute, failure: ProbeFailure(.response, .noReply, "It was not reached."))
        #expect(text.hasSuffix("It was not reached.  1.24 s\n"))
        let nothing = render(
            TracerouteReport(parameters: Self.parameters(.icmp)),
            failure: ProbeFailure(.request, .permissionDenied, "No permission."))
        #expect(nothing.hasPrefix("traceroute to host.example, icmp, 60-byte packets"))
    }

    @Test func hostileNamesDriveNoTerminal() {
        var report = traceroute
        report.facts.names[Self.address("192.0.2.1")] = "evil\u{1b}[2J.example"
        #expect(!render(report).contains("\u{1b}"))
        #expect(render(report, color: true).contains("\u{1b}[32m"))
    }

    private var mtr: MTRReport {
        var plan = MTRPlan(
            Self.parameters(.icmp), cycles: 2, interval: .seconds(1), flows: 1, start: Instant(nanoseconds: 0))
        for cycle in 0..<2 {
            while case .send(let probe) = plan.next(at: Instant(nanoseconds: Int64(cycle) * 1_000_000_000)) {
                switch probe.hop {
                case 1: plan.answered(probe, answer("192.0.2.1", 1 + Double(cycle)))
                case 2: plan.silent(probe)
                default: plan.answered(probe, answer("192.0.2.9", 10, .target, type: 0))
                }
            }
        }
        var report = MTRReport(parameters: Self.parameters(.icmp), cycles: 2, flows: 1)
        report.address = Self.address("192.0.2.9")
        report.cyclesDone = plan.finishedCycles
        report.samples = plan.samples
        return report
    }

    @Test func mtrIsATable() {
        #expect(
            render(mtr) == """
                mtr to host.example (192.0.2.9), icmp, cycle 2 of 2
                hop  host         loss    sent    last     avg    best   worst  stddev  jitter
                  1  192.0.2.1    0.0%       2    2.00    1.50    1.00    2.00    0.50    1.00
                  2  *          100.0%       2
                  3  192.0.2.9    0.0%       2   10.00   10.00   10.00   10.00    0.00    0.00

                """)
    }

    @Test func onlyWhatGrowsIsShownLive() {
        let style = Style(color: false)
        #expect(LiveScreen.text(mtr, target: "host.example", style)?.hasPrefix("mtr to host.example") == true)
        #expect(LiveScreen.text(traceroute, target: "host.example", style) == nil)
    }

    @Test func pathMTUSaysWhatItMeans() {
        var report = PathMTUReport(transport: .icmp)
        report.address = Self.address("192.0.2.9")
        report.mtu = 1400
        report.steps = [
            .init(
                size: 1500, outcome: .tooBig, from: Self.address("192.0.2.1"), nextHopMTU: 1400,
                rtt: .milliseconds(1.5), tries: 1),
            .init(size: 1400, outcome: .fits, from: report.address, rtt: .milliseconds(12.0), tries: 1),
        ]
        #expect(
            render(report) == """
                path_mtu to host.example (192.0.2.9)
                  1500 bytes  too big: refused by 192.0.2.1, whose next hop takes 1400  1.500 ms
                  1400 bytes  answered  12.000 ms
                The path takes packets of 1400 bytes. Larger ones are refused by 192.0.2.1.

                """)
        report.isBlackHole = true
        report.steps[0] = .init(size: 1500, outcome: .silent, tries: 3)
        #expect(render(report).contains("1500 bytes  no answer (3 tries)"))
        #expect(render(report).contains("black hole"))
    }
}
