import Foundation
import ProbeMetrics
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// What the checks' figures look like to Prometheus.
struct PrometheusPageTests {
    private static let file = """
        checks:
          - {tool: scripted, targets: [a.test, b.test], every: 10s, group: "x \\"y\\"", labels: {site: home}}
        """

    private static func figures(_ bench: WatchBench) -> WatchFigures {
        var figures = WatchFigures { Exposition.list($0) }
        for event in bench.output.events { figures.take(event) }
        return figures
    }

    private static func page(_ figures: WatchFigures) -> String {
        WatchPage(entries: figures.entries, rest: Exposition()).reduce("") { $0 + String(decoding: $1, as: UTF8.self) }
    }

    @Test func eachCheckHasItsLastResultAndItsCounts() async throws {
        let bench = try WatchBench(Self.file)
        bench.scripted.failing.withLock { $0 = ["b.test"] }
        try await bench.run {
            await bench.advance(by: .seconds(30))
            bench.scripted.unmeasured.withLock { $0 = ["a.test"] }
            await bench.advance(by: .seconds(10))
        }
        let page = Self.page(Self.figures(bench))
        let labels = #"check="scripted X",tool="scripted",target="X",group="x \"y\"",site="home""#
        let a = labels.replacing("X", with: "a.test")
        let b = labels.replacing("X", with: "b.test")
        for line in [
            "probe_success{\(b)} 0", "probeops_watch_failing{\(a)} 0", "probeops_watch_failing{\(b)} 1",
            "probeops_watch_unmeasured{\(a)} 1", "probeops_watch_unmeasured{\(b)} 0",
            #"probeops_watch_results_total{\#(a),verdict="ok",code="ok"} 4"#,
            #"probeops_watch_results_total{\#(a),verdict="unmeasured",code="policy_denied"} 1"#,
            #"probeops_watch_results_total{\#(b),verdict="failed",code="connection_refused"} 4"#,
        ] { #expect(page.contains("\n\(line)\n"), "\(line) is missing in\n\(page)") }
        // Nothing is known of it now.
        #expect(!page.contains("probe_success{\(a)}") && !page.contains("probe_duration_seconds{\(a)}"))
        let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page)
        #expect(verdict.isSuccess && verdict.output + verdict.errors == "", "\(verdict)")
    }

    @Test func whatIsNotWatchedAnyMoreIsGone() async throws {
        let bench = try WatchBench(Self.file)
        try await bench.run {
            await bench.advance(by: .seconds(20))
            try bench.folder.write("checks: [{tool: scripted, target: b.test, labels: {site: off}}]", to: "w.yaml")
            bench.watch.reload()
            await bench.settle()
        }
        let page = Self.page(Self.figures(bench))
        #expect(!page.contains("a.test"))
        // The other keeps what it has, under its new labels.
        #expect(
            page.contains(
                "\nprobe_success{check=\"scripted b.test\",tool=\"scripted\",target=\"b.test\",site=\"off\"} 1\n"))
    }

    /// A check that measures something else has nothing to show yet.
    @Test func aNewTargetUnderAnOldNameBeginsAnew() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, target: a.test, name: one, every: 10s}]")
        try await bench.run {
            await bench.advance(by: .seconds(10))
            try bench.folder.write("checks: [{tool: scripted, target: b.test, name: one, every: 1h}]", to: "w.yaml")
            bench.watch.reload()
        }
        var figures = WatchFigures { Exposition.list($0) }
        var lists = 0
        for event in bench.output.events where lists < 2 {
            if case .checks = event { lists += 1 }
            figures.take(event)
        }
        #expect(lists == 2 && figures.entries.map(\.samples) == [[]])
    }

    /// The page of a full file is made in parts: no more of it than one is in memory.
    @Test(.timeLimit(.minutes(2))) func twentyThousandChecksMakeSmallParts() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, target: a.test, every: 10s}]")
        try await bench.run { await bench.advance(by: .seconds(10)) }
        var result = try #require(bench.output.results.first)
        let checks = (0..<WatchFile.mostChecks).map { number in
            var check = result.check
            check.id = "check \(number)"
            return check
        }
        var figures = WatchFigures { Exposition.list($0) }
        figures.take(.checks(checks))
        for check in checks {
            result.check = check
            figures.take(.result(result))
        }
        var (lines, largest) = (0, 0)
        for part in WatchPage(entries: figures.entries, rest: Exposition()) {
            lines += part.count { $0 == UInt8(ascii: "\n") }
            largest = max(largest, part.count)
        }
        let metrics = Set(figures.entries[0].samples.map(\.metric)).count
        #expect(lines == 2 * metrics + checks.count * figures.entries[0].samples.count)
        #expect(largest < 66_000)
    }

    /// The names are OpenTelemetry's by its own rules for Prometheus.
    @Test func namesAreAsPrometheusHasThem() {
        let names = WatchMetric.allCases.map(\.definition.exposedName)
        #expect(Set(names).count == names.count)
        #expect(WatchMetric.httpDuration.definition.exposedName == "probe_http_duration_seconds")
        #expect(WatchMetric.pingLoss.definition.exposedName == "probeops_watch_ping_loss_ratio")
        #expect(WatchMetric.results.definition.exposedName == "probeops_watch_results_total")
        // JSON and HELP lines take them as they are.
        #expect(WatchMetric.allCases.allSatisfy { !$0.definition.help.contains { "\"\\\n".contains($0) } })
    }

    /// A quote with a combining mark behind it, and CR LF, are each one `Character`.
    @Test func labelsAreEscapedByteByByte() async throws {
        let text = "a\"\u{301}b\r\nc\\\u{308}"
        let list = Exposition.list([(name: "check", value: text)])
        #expect(list == "check=\"a\\\"\u{301}b\r\\nc\\\\\u{308}\"")
        var page = Exposition()
        page.add("probe_x", .gauge, "Something.", [.init(labels: ["check": text], value: 1)])
        let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page.text)
        #expect(verdict.isSuccess, "\(verdict)")
    }

    @Test func aPendingCheckDoesNotCountAsFailing() async throws {
        let bench = try WatchBench("checks: [{tool: scripted, target: a.test, every: 10s, fail_after: 9}]")
        bench.scripted.failing.withLock { $0 = ["a.test"] }
        try await bench.run { await bench.advance(by: .seconds(20)) }
        #expect(bench.output.results.last?.state.condition == .pending)
        #expect(Self.page(Self.figures(bench)).contains("\nprobeops_watch_failing{check=\"scripted a.test\""))
        #expect(Self.page(Self.figures(bench)).contains("target=\"a.test\"} 0\n"))
    }
}
