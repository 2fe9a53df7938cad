import ProbeNative
import ProbeProtocol

/// `probe-agent report --format json` (docs/report.md).
extension HistoryReport: Report {
    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "report")
        writer.field("file", file)
        writer.field("since", .time(since))
        writer.field("until", .time(until))
        writer.field("exact", isExact)
        writer.object("overall") { writer in
            write(overall, to: &writer)
        }
        for (name, entries) in [("tools" as StaticString, tools), ("targets", targets)] {
            writer.array(name, entries) { writer, entry in
                writer.field("name", entry.name)
                write(entry, to: &writer)
            }
        }
        writer.array("checks", checks) { writer, entry in
            writer.field("check", entry.name)
            writer.field("tool", entry.tool)
            writer.field("target", entry.target)
            writer.field("group", entry.group)
            write(entry, to: &writer)
        }
    }

    private func write(_ entry: Entry, to writer: inout some ReportWriter) {
        write(entry.tally, to: &writer)
        writer.field("outages", entry.outages.count)
        writer.field("outage_seconds", Double(entry.outages.total) / 1e6)
        if let longest = entry.outages.longest {
            writer.object("longest_outage") { writer in
                writer.field("check", longest.check)
                writer.field("began", .time(WallTime(nanoseconds: longest.began * 1000)))
                writer.field("ended", .time(WallTime(nanoseconds: longest.ended * 1000)))
                writer.field("seconds", Double(longest.length) / 1e6)
                writer.field("open", longest.isOpen)
            }
        } else {
            writer.field("longest_outage", .null)
        }
        writer.array("codes", codes(of: entry.tally)) { writer, code in
            writer.field("code", code.code)
            writer.field("count", code.count)
        }
        writer.array("worst_hours", entry.worstHours) { writer, hour in
            writer.field("start", .time(hour.start))
            write(hour.tally, to: &writer)
        }
    }

    private func write(_ tally: HistoryTally, to writer: inout some ReportWriter) {
        writer.field("ok", tally.ok)
        writer.field("failed", tally.failed)
        writer.field("unmeasured", tally.unmeasured)
        writer.field("availability_percent", tally.availability.map { $0 * 100 })
        writer.field("packet_loss", tally.loss.map { $0 * 100 })
        let percentiles = tally.percentiles([0.5, 0.9, 0.99])
        func milliseconds(_ value: Int64?) -> Double? { value.map { Double($0) / 1000 } }
        writer.object("latency_ms") { writer in
            writer.field("count", tally.latencies.count)
            writer.field("min", milliseconds(tally.minimum))
            writer.field("mean", tally.mean.map { $0 / 1000 })
            writer.field("p50", milliseconds(percentiles.first))
            writer.field("p90", milliseconds(percentiles.dropFirst().first))
            writer.field("p99", milliseconds(percentiles.last))
            writer.field("max", milliseconds(tally.maximum))
        }
    }
}

extension HistoryReport {
    /// One object.
    public var json: [UInt8] { JSONWriter.object(self) }
}
