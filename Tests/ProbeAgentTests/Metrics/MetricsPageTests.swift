import Foundation
import Glibc
import Logging
import ProbeMetrics
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

/// What is written about the metrics, against what a node really says.
struct MetricsPageTests {
    static let page = Places.testFile("../docs/observability.md")
    static let dashboard = Places.testFile("../deploy/grafana/probeops-node.json")
    static let alerts = Places.testFile("../deploy/prometheus/alerts.yml")

    /// By the name of each metric its type and its help.
    private static func metrics() throws -> [(name: String, kind: String, help: String)] {
        let folder = try TemporaryFolder()
        let engine = try Engine(registry: ToolRegistry.builtIn())
        defer { engine.stop() }
        let agent = try Agent(
            configuration: AgentConfiguration(backend: "http://127.0.0.1:1", nodeUUID: "n", apiKey: Secret("k")),
            engine: engine, audit: try AuditLog(path: folder.file("audit")),
            log: try LogOutput(descriptor: STDERR_FILENO, format: .logfmt, level: .info), logger: .silent)
        var (kinds, all): ([String: String], [(String, String)]) = ([:], [])
        for line in agent.metrics.exposition.text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") { all.append((words[2], words[3])) }
            if line.hasPrefix("# TYPE ") { kinds[words[2]] = words[3] }
        }
        return all.map { ($0.0, kinds[$0.0] ?? "", $0.1) }
    }

    @Test func thePageHasTheTableOfTheCode() throws {
        let rows = try Self.metrics().map { "| `\($0.name)` | \($0.kind) | \($0.help) |" }
        let table = (["| metric | type | meaning |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n"
        let page = try String(contentsOfFile: Self.page, encoding: .utf8)
        #expect(page.contains("\n\n" + table + "\n"), "the table should be:\n\(table)")
    }

    @Test(arguments: [dashboard, alerts]) func namesOnlyMetricsThatAreThere(path: String) throws {
        let metrics = try Self.metrics()
        var known = Set(metrics.map(\.name))
        for metric in metrics where metric.kind == "histogram" {
            known.formUnion(["_bucket", "_sum", "_count"].map { metric.name + $0 })
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let used = Set(text.matches(of: /\b(?:probeops|process)_[a-z_]+/).map { String($0.output) })
        #expect(used.count > 8 && used.subtracting(known).isEmpty, "\(used.subtracting(known).sorted())")
    }

    @Test func theDashboardsExpressionsAreSound() async throws {
        let board = try JSONValue(parsing: try String(contentsOfFile: Self.dashboard, encoding: .utf8))
        let panels = try #require(board["panels"]?.array)
        let expressions = panels.flatMap { $0["targets"]?.array ?? [] }.compactMap { $0["expr"]?.string }
        #expect(expressions.count > 20)
        let variables = board["templating"]?["list"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(variables).isSuperset(of: ["node", "tool"]))
        #expect(Set(panels.compactMap { $0["id"]?.int }).count == panels.count)
        let rules = expressions.enumerated().map { index, expression in
            let plain = expression.replacing("$__rate_interval", with: "5m").replacing("$__range", with: "1h")
            return JSONValue.object(["record": .string("a:\(index)"), "expr": .string(plain)])
        }
        // YAML holds JSON.
        let file: JSONValue = ["groups": [["name": "dashboard", "rules": .array(rules)]]]
        let folder = try TemporaryFolder()
        try await Oracle.check("promtool", ["check", "rules", try folder.write(file.text, to: "rules.yml")])
    }

    @Test func theAlertsAreSoundAndInThePage() async throws {
        try await Oracle.check("promtool", ["check", "rules", Self.alerts])
        let names = try String(contentsOfFile: Self.alerts, encoding: .utf8).matches(of: /alert: (\w+)/)
        let rows = try String(contentsOfFile: Self.page, encoding: .utf8).matches(of: /(?m)^\| `(ProbeOps\w+)` \|/)
        #expect(names.map { String($0.1) } == rows.map { String($0.1) })
    }

    /// The rules run over series of our making: each of these alerts comes, and the others stay away.
    @Test func theAlertsFire() async throws {
        let folder = try TemporaryFolder()
        let series = """
                  - {series: 'probeops_node_connected{instance="a",job="probeops-node"}', values: '1x10 0x30'}
                  - {series: 'probeops_node_connected{instance="b",job="probeops-node"}', values: '1x40'}
                  - {series: 'probeops_node_outbox_oldest_seconds{instance="a",job="probeops-node"}', values: '0+60x40'}
                  - {series: 'probeops_node_outbox_oldest_seconds{instance="b",job="probeops-node"}', values: '0+60x40'}
                  - {series: 'probeops_node_outbox_dropped_total{instance="b",reason="expired"}', values: '0x30 5x10'}
                  - {series: 'probeops_node_outbox_dropped_total{instance="a",reason="expired"}', values: '7x40'}
                  - {series: 'probeops_node_reactor_lag_seconds_bucket{instance="a",reactor="0",le="0.01"}', values: '0+900x40'}
                  - {series: 'probeops_node_reactor_lag_seconds_count{instance="a",reactor="0"}', values: '0+1000x40'}
                  - {series: 'probeops_node_reactor_turn_age_seconds{instance="b",reactor="1"}', values: '0x35 60x5'}
            """
        let cases = [
            ("ProbeOpsNodeDisconnected", "a"), ("ProbeOpsOutboxGrowing", "b"), ("ProbeOpsResultsDropped", "b"),
            ("ProbeOpsReactorLag", "a"), ("ProbeOpsReactorHangs", "b"),
        ]
        for (alert, instance) in cases {
            let test = """
                rule_files: [\(Self.alerts)]
                tests:
                  - interval: 1m
                    input_series:
                \(series)
                    promql_expr_test:
                      - expr: count by (instance) (ALERTS{alertname="\(alert)",alertstate="firing"})
                        eval_time: 38m
                        exp_samples: [{labels: '{instance="\(instance)"}', value: 1}]
                      - expr: count(ALERTS{alertname="\(alert)",alertstate="firing"})
                        eval_time: 4m
                        exp_samples: []

                """
            let file = try folder.write(test, to: "\(alert).yml")
            let result = try await Oracle.run("promtool", ["test", "rules", file])
            #expect(result.isSuccess, "\(alert): \(result.output) \(result.errors)")
        }
    }
}
