import Foundation
import ProbeTesting
import Testing

/// `probe-agent watch` beside blackbox_exporter on the same targets, and read by Prometheus.
@Suite(.timeLimit(.minutes(5))) struct BlackboxProgramTests {
    private static let limit = Duration.seconds(90)

    /// The targets that both are asked about; each has a module of the same name and meaning on both sides.
    private struct World {
        let nginx: NginxServer
        let zones: NSDServer
        let silent: PythonPeer
        let closed: Int
        let certificates: TestCertificates

        init() async throws {
            certificates = try await .shared()
            nginx = try await NginxServer(certificates: [
                certificates.good, certificates.selfSigned, certificates.expired,
            ])
            zones = try await NSDServer()
            silent = try await .dns()
            closed = try FreePorts.closed()
        }

        func stop() async {
            await nginx.stop()
            await zones.stop()
            await silent.stop()
        }

        /// Module, target, and whether it is good.
        var rows: [(module: String, target: String, isGood: Bool)] {
            let nameServer = "127.0.0.1:\(zones.port)"
            return [
                ("http_2xx", nginx.url("/healthz"), true), ("http_2xx", "127.0.0.1:\(nginx.httpPort)/redirect/2", true),
                ("http_2xx", nginx.url("/status/500"), false), ("http_2xx", nginx.url("/status/404"), false),
                ("http_2xx", "http://127.0.0.1:\(closed)/", false), ("http_2xx", "http://nowhere.invalid/", false),
                ("http_post_2xx", nginx.url("/method"), true),
                ("http_regex", nginx.url("/healthz"), true), ("http_regex", nginx.url("/style.css"), false),
                ("https_ca", nginx.url(tls: certificates.good), true),
                ("https_ca", nginx.url(tls: certificates.selfSigned), false),
                ("https_ca", nginx.url(tls: certificates.expired), false),
                ("tcp_connect", "127.0.0.1:\(nginx.httpPort)", true), ("tcp_connect", "127.0.0.1:\(closed)", false),
                ("tcp_connect", "nowhere.invalid:80", false),
                ("tls_ca", "127.0.0.1:\(nginx.httpsPort(certificates.good))", true),
                ("tls_ca", "127.0.0.1:\(nginx.httpsPort(certificates.selfSigned))", false),
                ("icmp", "127.0.0.1", true), ("icmp", "nowhere.invalid", false),
                ("dns", nameServer, true), ("dns_soa", nameServer, true), ("dns_tcp", nameServer, true),
                ("dns_nxdomain", nameServer, false),
                ("dns_silent", "127.0.0.1:\(silent.port("port"))", false),
            ]
        }

        var blackboxModules: String {
            let four = "preferred_ip_protocol: ip4"
            let trust = "tls_config: {ca_file: \(certificates.authority)}"
            return """
                  http_2xx: {prober: http, http: {\(four)}}
                  http_post_2xx: {prober: http, http: {\(four), method: POST}}
                  http_regex: {prober: http, http: {\(four), fail_if_body_not_matches_regexp: ["^ok"]}}
                  https_ca: {prober: http, http: {\(four), \(trust)}}
                  tcp_connect: {prober: tcp, tcp: {\(four)}}
                  tls_ca: {prober: tcp, tcp: {\(four), tls: true, \(trust)}}
                  icmp: {prober: icmp, icmp: {\(four)}}
                  dns: {prober: dns, dns: {\(four), query_name: probe.test, query_type: A}}
                  dns_soa: {prober: dns, dns: {\(four), query_name: probe.test, query_type: SOA}}
                  dns_tcp: {prober: dns, dns: {\(four), query_name: probe.test, query_type: A, transport_protocol: tcp}}
                  dns_nxdomain: {prober: dns, dns: {\(four), query_name: none.probe.test, query_type: A}}
                  dns_silent: {prober: dns, timeout: 1s, dns: {\(four), query_name: silent.peer.test, query_type: A}}

                """
        }

        /// As lines of YAML that are JSON.
        func modules() throws -> [String: JSONValue] {
            let authority = JSONValue.string(try String(contentsOfFile: certificates.authority, encoding: .utf8))
            func dns(_ name: String, _ more: JSONValue = [:]) -> JSONValue {
                let parameters: JSONValue = ["resolver": "{target}", "record_type": "A"]
                return ["tool": "dns", "target": .string(name), "parameters": parameters.merging(more)]
            }
            return [
                "http_regex": ["tool": "http", "parameters": ["expect": ["body_regex": "^ok", "status": "2xx"]]],
                "https_ca": ["tool": "http", "parameters": ["ca_pem": authority, "expect": ["status": "2xx"]]],
                "tls_ca": ["tool": "tls", "parameters": ["ca_pem": authority]],
                "dns": dns("probe.test"), "dns_soa": dns("probe.test", ["record_type": "SOA"]),
                "dns_tcp": dns("probe.test", ["transport": "tcp"]), "dns_nxdomain": dns("none.probe.test"),
                "dns_silent": dns("silent.peer.test").merging(["timeout": "1s"]),
            ]
        }
    }

    /// The program, on a file of checks that is this.
    private static func watching(
        _ file: JSONValue, _ body: (_ address: String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(file.text, to: "w.yaml")
        let process = try ChildProcess.start(Places.product("probe-agent"), ["watch", "-c", path, "-o", "none"])
        let line = try await process.errors.next("address", within: limit) { $0.contains("event=watch.listening") }
        try await body(String(try #require(line.firstMatch(of: /address=(\S+)/)).1))
        process.send(signal: SIGTERM)
        #expect(try await process.exit(within: limit) == .code(0))
    }

    private static func probe(_ address: String, _ module: String, _ target: String) async throws -> String {
        try await Oracle.check(
            "curl",
            [
                "-sS", "--fail-with-body", "-G", "--data-urlencode", "target=\(target)",
                "http://\(address)/probe?module=\(module)",
            ])
    }

    /// A page's samples: name and labels, value.
    private static func samples(_ page: String) -> [String: Double] {
        let lines = page.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            lines.compactMap { line in
                line.lastIndex(of: " ").map { (String(line[..<$0]), Double(line[$0...].dropFirst()) ?? .nan) }
            }, uniquingKeysWith: { $1 })
    }

    /// What blackbox_exporter alone has, and why (docs/prometheus.md).
    private static func isMissing(_ series: String, of module: String) -> Bool {
        switch (module, series) {
        // Opening a socket is no phase of ours.
        case ("icmp", #"probe_icmp_duration_seconds{phase="setup"}"#): true
        case ("dns", #"probe_dns_duration_seconds{phase="connect"}"#): true
        case ("dns_soa", #"probe_dns_duration_seconds{phase="connect"}"#): true
        // The tool tls has no patterns, and does not tell the look-up's time.
        case ("tls_ca", "probe_failed_due_to_regex"), ("tls_ca", "probe_dns_lookup_time_seconds"): true
        default: false
        }
    }

    @Test func verdictsAndNamesAreTheSame() async throws {
        let world = try await World()
        let blackbox = try await BlackboxExporter(modules: world.blackboxModules)
        let file: JSONValue = [
            "checks": [["tool": "ping", "target": "127.0.0.1"]],
            "outputs": [
                ["prometheus": ["listen": "127.0.0.1:0", "probe": ["modules": .object(try world.modules())]]]
            ],
        ]
        try await Self.watching(file) { address in
            for row in world.rows {
                let theirs = Self.samples(try await Self.probe("127.0.0.1:\(blackbox.port)", row.module, row.target))
                let page = try await Self.probe(address, row.module, row.target)
                let ours = Self.samples(page)
                #expect(ours["probe_success"] == (row.isGood ? 1 : 0), "\(row)\n\(page)")
                #expect(theirs["probe_success"] == ours["probe_success"], "\(row)")
                let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page)
                #expect(verdict.isSuccess && verdict.output + verdict.errors == "", "\(row): \(verdict)")
                guard row.isGood else { continue }
                for (series, value) in theirs where !Self.isMissing(series, of: row.module) {
                    let own = ours[series]
                    #expect(own != nil, "\(row): \(series) \(value) is missing in\n\(page)")
                    // Times differ, all else is the same.
                    if !series.contains("duration_seconds"), !series.contains("lookup_time") {
                        #expect(own == value, "\(row): \(series)")
                    }
                }
            }
        }
        await blackbox.stop()
        await world.stop()
    }

    /// The same as checks of the file: the same verdict on `/metrics`, which promtool finds clean.
    @Test func checksHaveTheSameVerdict() async throws {
        let world = try await World()
        let modules = try world.modules()
        let good: JSONValue = ["expect": ["status": "2xx"]]
        var checks: [JSONValue] = []
        for (number, row) in world.rows.enumerated() {
            let (host, port) = (
                row.target.split(separator: ":").first ?? "", row.target.split(separator: ":").last ?? ""
            )
            var check: JSONValue = [
                "name": .string("row \(number)"), "every": "2s", "labels": ["module": .string(row.module)],
            ]
            switch row.module {
            case "http_2xx": check = check.merging(["tool": "http", "target": .string(row.target), "parameters": good])
            case "http_post_2xx":
                check = check.merging([
                    "tool": "http", "target": .string(row.target), "parameters": good.merging(["method": "POST"]),
                ])
            case "tcp_connect", "tls_ca":
                let own = modules[row.module]?["parameters"] ?? [:]
                check = check.merging([
                    "tool": row.module == "tls_ca" ? "tls" : "tcp", "target": .string(String(host)),
                    "parameters": own.merging(["port": .number(Double(port) ?? 0)]),
                ])
            case "icmp":
                check = check.merging(["tool": "ping", "target": .string(row.target), "parameters": ["count": 1]])
            default:
                let text = (modules[row.module] ?? [:]).text.replacing("{target}", with: row.target)
                check = check.merging(["target": .string(row.target)]).merging(try JSONValue(parsing: text))
            }
            checks.append(check)
        }
        let file: JSONValue = ["checks": .array(checks), "outputs": [["prometheus": ["listen": "127.0.0.1:0"]]]]
        try await Self.watching(file) { address in
            var page = ""
            let end = ContinuousClock.now + Self.limit
            repeat {
                page = try await Oracle.check("curl", ["-sS", "--fail", "http://\(address)/metrics"])
            } while page.split(separator: "\n").count { $0.hasPrefix("probe_success{") } < checks.count
                && ContinuousClock.now < end
            for (number, row) in world.rows.enumerated() {
                let line = page.split(separator: "\n").first {
                    $0.hasPrefix("probe_success{") && $0.contains("check=\"row \(number)\",")
                }
                #expect(line?.last == (row.isGood ? "1" : "0"), "\(row): \(line ?? "none")")
            }
            let verdict = try await Oracle.run("promtool", ["check", "metrics"], input: page)
            #expect(verdict.isSuccess && verdict.output + verdict.errors == "", "\(verdict)")
            let none = try await Oracle.run(
                "curl", ["-sS", "--fail", "http://\(address)/probe?target=127.0.0.1&module=icmp"])
            #expect(!none.isSuccess, "/probe is off unless it is asked for")
        }
        await world.stop()
    }

    /// A scrape configuration as users of blackbox_exporter have it, and what their dashboards ask.
    @Test func aDashboardFindsItsFigures() async throws {
        let world = try await World()
        let (page, secure) = (world.nginx.url("/healthz"), world.nginx.url(tls: world.certificates.good))
        let bad = world.nginx.url("/status/500")
        let file: JSONValue = [
            "checks": [
                ["tool": "http", "target": .string(page), "every": "1s"],
                ["tool": "http", "target": .string(bad), "every": "1s"],
            ],
            "outputs": [
                ["prometheus": ["listen": "127.0.0.1:0", "probe": ["modules": .object(try world.modules())]]]
            ],
        ]
        try await Self.watching(file) { address in
            let relabel = """
                    relabel_configs:
                      - {source_labels: [__address__], target_label: __param_target}
                      - {source_labels: [__param_target], target_label: instance}
                      - {target_label: __address__, replacement: "\(address)"}
                """
            let prometheus = try await PrometheusServer(
                scrapes: """
                      - job_name: blackbox
                        metrics_path: /probe
                        params: {module: [https_ca]}
                        static_configs: [{targets: ["\(page)", "\(secure)", "\(bad)"]}]
                    \(relabel)
                      - job_name: ping
                        metrics_path: /probe
                        params: {module: [icmp]}
                        static_configs: [{targets: [127.0.0.1]}]
                    \(relabel)
                      - job_name: checks
                        static_configs: [{targets: ["\(address)"]}]
                        metric_relabel_configs:
                          - {source_labels: [__name__, target], regex: "probe_.*;(.+)", target_label: instance}

                    """)
            let queries: [(String, Int)] = [
                ("probe_success{job=\"blackbox\"} == 1", 2), ("probe_success{job=\"blackbox\"} == 0", 1),
                ("probe_success{job=\"checks\",instance=\"\(page)\"} == 1", 1),
                ("probe_success{job=\"checks\",instance=\"\(bad)\"} == 0", 1),
                ("avg(probe_duration_seconds{job=\"blackbox\"}) by (instance)", 3),
                ("sum(probe_http_duration_seconds{instance=\"\(secure)\"}) by (phase) > 0", 5),
                ("probe_http_status_code{instance=\"\(bad)\",job=\"blackbox\"} == 500", 1),
                ("probe_http_version{instance=\"\(page)\",job=\"blackbox\"} == 1.1", 1),
                ("probe_http_ssl{job=\"blackbox\"} == 1", 1),
                ("(probe_ssl_earliest_cert_expiry{instance=\"\(secure)\"} - time()) / 86400 > 0", 1),
                ("probe_tls_version_info{instance=\"\(secure)\",version=~\"TLS 1.*\"} == 1", 1),
                ("avg(probe_dns_lookup_time_seconds{job=\"blackbox\"}) by (instance) < 5", 3),
                ("probe_icmp_duration_seconds{job=\"ping\",phase=\"rtt\"} > 0", 1),
                ("avg_over_time(probe_success{job=\"ping\"}[1m]) * 100 == 100", 1),
                ("probe_failed_due_to_regex{job=\"blackbox\"} == 0", 3),
                ("sum(rate(probeops_watch_results_total[1m])) by (verdict) > 0", 2),
                ("histogram_quantile(0.9, sum(rate(probeops_watch_run_seconds_bucket[1m])) by (le)) < 5", 1),
                ("up == 1", 5),
            ]
            for (query, count) in queries {
                var found: [(labels: [String: String], value: Double)] = []
                let end = ContinuousClock.now + Self.limit
                repeat {
                    found = try await prometheus.query(query)
                } while found.count != count && ContinuousClock.now < end
                #expect(found.count == count, "\(query): \(found)")
            }
            await prometheus.stop()
        }
        await world.stop()
    }
}
