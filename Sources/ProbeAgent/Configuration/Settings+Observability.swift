extension Setting {
    static let observability = [
        Setting(
            "log-format", variable: "PROBEOPS_LOG_FORMAT", "FORMAT", default: "logfmt", .logFormat,
            into: { $0.logFormat = $1 }, help: "How the log's lines are written."),
        Setting(
            "metrics-listen", variable: "PROBEOPS_METRICS_LISTEN", "ADDRESS", .localAddress,
            into: { $0.metricsListen = $1 },
            help: "Where Prometheus may fetch /metrics; there is no password, so keep to loopback or a socket."),
        Setting(
            "metrics-textfile", variable: "PROBEOPS_METRICS_TEXTFILE", "FILE", .textfile,
            into: { $0.metricsTextfile = $1 },
            help: "File that gets the metrics every 15 s, for node_exporter's textfile collector."),
    ]
}

extension ValueFormat where Value == LocalAddress {
    static var localAddress: Self {
        Self(
            allowed: "HOST:PORT, where HOST is an address or localhost, or unix:PATH (such as 127.0.0.1:9469)",
            read: LocalAddress.init)
    }
}

extension ValueFormat where Value == LogFormat {
    static var logFormat: Self {
        let names = LogFormat.allCases.map(\.rawValue)
        return Self(allowed: names.joined(separator: " or ")) { LogFormat(rawValue: $0.lowercased()) }
    }
}

extension ValueFormat where Value == String {
    /// The collector passes over files of other names.
    fileprivate static var textfile: Self {
        Self(allowed: "the path of a file whose name ends in .prom") { text in
            (6...4091).contains(text.utf8.count) && text.hasSuffix(".prom") && !text.utf8.contains(0) ? text : nil
        }
    }
}
