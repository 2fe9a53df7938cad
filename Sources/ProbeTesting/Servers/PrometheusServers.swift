import Foundation

/// blackbox_exporter, to compare with.
public final class BlackboxExporter: Sendable {
    private let server: LoopbackServer

    /// - Parameter modules: the lines below `modules:`, indented.
    public init(modules: String) async throws {
        server = try await LoopbackServer.start(ports: 1) { folder, ports in
            let file = try folder.write("modules:\n" + modules, to: "blackbox.yml")
            return LoopbackServer.Launch(
                executable: "/usr/bin/prometheus-blackbox-exporter",
                arguments: ["--config.file", file, "--web.listen-address", "127.0.0.1:\(ports[0])"], log: file)
        }
    }

    public var port: Int { server.ports[0] }
    public func stop() async { await server.stop() }
}

/// Prometheus itself.
public final class PrometheusServer: Sendable {
    private let server: LoopbackServer

    /// - Parameter scrapes: the text of its `scrape_configs`, indented.
    public init(scrapes: String) async throws {
        server = try await LoopbackServer.start(ports: 1) { folder, ports in
            let file = try folder.write(
                "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" + scrapes, to: "prometheus.yml")
            return LoopbackServer.Launch(
                executable: "/usr/bin/prometheus",
                arguments: [
                    "--config.file", file, "--storage.tsdb.path", folder.file("data"), "--web.listen-address",
                    "127.0.0.1:\(ports[0])", "--log.level", "error",
                ], log: file)
        }
    }

    public func stop() async { await server.stop() }

    /// The series of an instant query: labels and value.
    public func query(_ expression: String) async throws -> [(labels: [String: String], value: Double)] {
        let text = try await Oracle.check(
            "curl",
            [
                "-sS", "--fail-with-body", "-G", "--data-urlencode", "query=\(expression)",
                "http://127.0.0.1:\(server.ports[0])/api/v1/query",
            ])
        let series = try JSONValue(parsing: text)["data"]?["result"]?.array ?? []
        return series.map { one in
            (
                (one["metric"]?.object ?? [:]).compactMapValues(\.string),
                one["value"]?[1]?.string.flatMap(Double.init) ?? .nan
            )
        }
    }
}
