import Testing

@testable import ProbeNative
@testable import probe_agent

/// A report with every shape that a writer can be given.
private struct EveryShape: Report {
    func write(to writer: inout some ReportWriter) {
        writer.field("reached", true)
        writer.field("total_ms", 12.34567)
        writer.field("nothing", String?.none)
        writer.strings("names", ["a", "b"])
        writer.field("banner", "evil\u{1b}[2J")
        writer.field("body", "line one\nline two\u{7}")
        writer.object("headers") { $0.member("Content-Type", .string("text/html")) }
        writer.array("hops", [(1, 0.5), (10, 11.25)]) { writer, hop in
            writer.field("hop", hop.0)
            writer.field("rtt_ms", hop.1)
        }
    }
}

struct GenericTextTests {
    private func text(_ outcome: ProbeOutcome, color: Bool = false, ignored: [String] = []) -> String {
        let result = ProbeResult(
            tool: "shape", target: "example.com", outcome: outcome, ignoredParameters: ignored,
            run: .milliseconds(1.5), finishedAt: WallTime(nanoseconds: 0))
        return ResultText.render(result, color: color)
    }

    @Test func laysOutEveryShape() {
        var quality = Quality()
        quality.duplicates = 2
        #expect(
            text(ProbeOutcome(EveryShape(), resolvedAddress: IPAddress("192.0.2.1"), quality: quality)) == """
                shape example.com (192.0.2.1)
                  reached  yes
                  total    12.346 ms
                  names    a, b
                  banner   evil\\u{1b}[2J
                  body
                    line one
                    line two\\u{7}
                  headers
                    Content-Type  text/html
                  hops
                    hop  rtt ms
                    1    0.5
                    10   11.25
                  ok  1.5 ms
                  quality: duplicates 2

                """)
    }

    @Test func saysWhereAndWhyItFailed() {
        let failure = ProbeFailure(.connect, .connectionRefused, "Nobody listens there.")
        #expect(
            text(ProbeOutcome(failure: failure), ignored: ["colour"]) == """
                shape example.com
                  failed at connect (connection_refused): Nobody listens there.
                  ignored parameters: colour

                """)
    }

    @Test func showsBothFamilies() {
        let v6 = ProbeOutcome(failure: ProbeFailure(.resolve, .noAddress, "No IPv6."))
        let shown = text(ProbeOutcome(SideBySide(v4: ProbeOutcome(EveryShape()), v6: v6), failure: v6.failure))
        #expect(shown.contains("  ipv4\n    success  yes\n"))
        #expect(shown.contains("error code  no_address"))
    }

    @Test func coloursOnlyWhenAsked() {
        #expect(!text(ProbeOutcome(EveryShape())).contains("\u{1b}"))
        #expect(text(ProbeOutcome(EveryShape()), color: true).contains("\u{1b}[32mok\u{1b}[0m"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("\u{9b}31m", "\\u{9b}31m"), ("a\tb\n", "a\\u{9}b\\u{a}"), ("ü 日本", "ü 日本"),
        ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
    ])
    func terminalsAreNotDrivenByPeers(text: String, shown: String) { #expect(text.printable() == shown) }
}
