import ProbeMetrics
import ProbeNative
import ProbeProtocol

/// An ExportMetricsServiceRequest of OTLP 1 in JSON: the protobuf mapping with camel-case names, 64-bit integers as texts,
/// and enumerations as numbers (opentelemetry.io, "OTLP Specification", JSON Protobuf Encoding).
struct OTLPRequest {
    /// Bytes of a request, about: collectors take some megabytes.
    static let size = 256 << 10
    /// AGGREGATION_TEMPORALITY_CUMULATIVE.
    private static let cumulative = 2

    let entries: ArraySlice<WatchFigures.Entry>
    /// By tool.
    let runTimes: [String: Histogram]
    /// Since when is counted.
    let begin: WallTime
    let now: WallTime

    /// How many of the first entries go into one request: one at least.
    static func fitting(_ entries: ArraySlice<WatchFigures.Entry>) -> Int {
        var bytes = 0
        for (index, entry) in entries.enumerated() {
            bytes += entry.samples.reduce(0) { sum, sample in
                sum + entry.labels.utf8.count + 120 + sample.labels.reduce(0) { $0 + 60 + $1.value.utf8.count }
            }
            if bytes > size, index > 0 { return index }
        }
        return entries.count
    }

    var body: [UInt8] {
        var metrics = WatchMetric.allCases.compactMap(metric)
        if !runTimes.isEmpty { metrics.append(histogram) }
        let version = Version.current
        let resource = Self.attributes([
            .init(name: "service.name", value: "probeops"), .init(name: "service.version", value: version),
            .init(name: "host.name", value: Startup.hostname),
        ])
        let text = """
            {"resourceMetrics":[{"resource":{"attributes":[\(resource)]},"scopeMetrics":[{"scope":{"name":"probeops.watch",\
            "version":"\(version)"},"metrics":[\(metrics.joined(separator: ","))]}]}]}
            """
        return Array(text.utf8)
    }

    // MARK: -

    private func metric(_ metric: WatchMetric) -> String? {
        let definition = metric.definition
        var points: [String] = []
        for entry in entries {
            for sample in entry.samples where sample.metric == metric {
                let own = Self.attributes(sample.labels)
                let attributes = own.isEmpty ? entry.labels : "\(entry.labels),\(own)"
                let start = definition.isCounter ? #""startTimeUnixNano":"\#(begin.nanoseconds)","# : ""
                let value = definition.isCounter ? #""asInt":"\#(Int(sample.value))""# : #""asDouble":\#(sample.value)"#
                let time = entry.ended ?? now
                points.append(
                    #"{"attributes":[\#(attributes)],\#(start)"timeUnixNano":"\#(time.nanoseconds)",\#(value)}"#)
            }
        }
        if points.isEmpty { return nil }
        let list = #""dataPoints":[\#(points.joined(separator: ","))]"#
        let data =
            definition.isCounter
            ? #""sum":{"aggregationTemporality":\#(Self.cumulative),"isMonotonic":true,\#(list)}"#
            : #""gauge":{\#(list)}"#
        return Self.metric(definition.name, definition.unit, definition.help, data)
    }

    private var histogram: String {
        let points = runTimes.sorted { $0.key < $1.key }.map { tool, histogram in
            let snapshot = histogram.snapshot
            let counts = snapshot.counts.map { "\"\($0)\"" }.joined(separator: ",")
            let bounds = histogram.bounds.map { "\($0)" }.joined(separator: ",")
            return """
                {"attributes":[\(Self.attributes([.init(name: "tool", value: tool)]))],\
                "startTimeUnixNano":"\(begin.nanoseconds)","timeUnixNano":"\(now.nanoseconds)",\
                "count":"\(snapshot.counts.reduce(0, +))","sum":\(snapshot.sum),\
                "bucketCounts":[\(counts)],"explicitBounds":[\(bounds)]}
                """
        }
        return Self.metric(
            "probeops.watch.run", .seconds, "How long runs took that measured something.",
            #""histogram":{"aggregationTemporality":\#(Self.cumulative),"dataPoints":[\#(points.joined(separator: ","))]}"#
        )
    }

    private static func metric(_ name: String, _ unit: WatchMetric.Unit, _ help: String, _ data: String) -> String {
        #"{"name":"\#(name)","unit":"\#(unit.rawValue)","description":"\#(help)",\#(data)}"#
    }

    /// Elements of an `attributes` list.
    static func attributes(_ labels: [Check.Label]) -> String {
        labels.map { label in
            String(decoding: JSONWriter.object(Attribute(label: label)), as: UTF8.self)
        }.joined(separator: ",")
    }

    private struct Attribute: Report {
        let label: Check.Label

        func write(to writer: inout some ReportWriter) {
            writer.field("key", label.name)
            writer.object("value") { $0.field("stringValue", label.value) }
        }
    }
}
