import ProbeNative

/// A ping's result as ping(8) shows it on a good day.
enum PingText {
    static func render(_ report: PingReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var lines = [style.strong(headline(report, result))]
        lines += report.packets.map { line($0, report, style) }
        if report.packets.isEmpty {
            if let failure = result.outcome.failure { lines.append(style.bad(failure.detail)) }
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("")
        lines.append("--- \(result.target.printable()) ping statistics ---")
        lines.append(summary(report, result, style))
        if let times = times(report.statistics) { lines.append(times) }
        if let failure = result.outcome.failure, failure.code != .noReply { lines.append(style.bad(failure.detail)) }
        lines += doubts(result.outcome.quality).map(style.bad)
        return lines.joined(separator: "\n") + "\n"
    }

    /// "PING example.com (192.0.2.1): 56 data bytes"
    private static func headline(_ report: PingReport, _ result: ProbeResult) -> String {
        let target = result.target.printable()
        let address = report.address.map { "\($0)" == target ? "" : " (\($0))" } ?? ""
        let what = report.port.map { "TCP port \($0)" } ?? report.size.map { "\($0) data bytes" } ?? ""
        return "PING \(target)\(address): \(what)"
    }

    private static func line(_ packet: PingReport.Packet, _ report: PingReport, _ style: Style) -> String {
        let seq = report.transport == .icmp ? "icmp_seq=\(packet.seq)" : "seq=\(packet.seq)"
        switch packet.status {
        case .reply: return answer(packet, report, seq, style)
        case .duplicate: return answer(packet, report, seq, style) + style.bad(" (duplicate)")
        case .late: return answer(packet, report, seq, style) + style.bad(" (late)")
        case .timeout: return style.bad("no reply: \(seq)")
        case .unreachable:
            let from = packet.from.map { " from \($0)" } ?? ""
            let reason = packet.reason?.replacing("_", with: " ") ?? "unreachable"
            return style.bad("\(reason)\(from): \(seq)")
        case .sendError: return style.bad("not sent: \(seq)")
        }
    }

    /// "64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.034 ms"
    private static func answer(
        _ packet: PingReport.Packet, _ report: PingReport, _ seq: String, _ style: Style
    ) -> String {
        // As ping(8): the payload and the ICMP header.
        let what = report.size.map { "\($0 + 8) bytes" } ?? "answer"
        let from = packet.from.map { " from \($0)" } ?? ""
        let ttl = packet.ttl.map { " ttl=\($0)" } ?? ""
        let time = packet.rtt.map { "\(decimal($0.inMilliseconds)) ms" } ?? "unknown (the clock stepped)"
        let shown = packet.status == .reply ? style.good(time) : time
        return "\(what)\(from): \(seq)\(ttl) time=\(shown)"
    }

    /// "4 packets sent, 3 received, 25% loss, time 3004 ms"
    private static func summary(_ report: PingReport, _ result: ProbeResult, _ style: Style) -> String {
        let packets = report.sent == 1 ? "1 packet" : "\(report.sent) packets"
        let loss = report.loss.map { loss -> String in
            let text = "\(decimal(loss, places: loss == loss.rounded() ? 0 : 1))% loss"
            return ", " + (loss > 0 ? style.bad(text) : style.good(text))
        }
        let time = decimal(result.run.inMilliseconds, places: 0)
        let duplicates = result.outcome.quality.duplicates.map { ", +\($0) duplicate\($0 == 1 ? "" : "s")" } ?? ""
        return "\(packets) sent, \(report.received) received\(duplicates)\(loss ?? ""), time \(time) ms"
    }

    /// "rtt min/avg/max/stddev = 0.031/0.044/0.061/0.011 ms, median 0.042, jitter 0.012"
    private static func times(_ statistics: RoundTripStatistics) -> String? {
        guard let minimum = statistics.minimum, let average = statistics.average, let maximum = statistics.maximum,
            let deviation = statistics.deviation, let median = statistics.median
        else { return nil }
        let four = [minimum, average, maximum, deviation].map { decimal($0) }.joined(separator: "/")
        let jitter = statistics.jitter.map { ", jitter \(decimal($0))" } ?? ""
        return "rtt min/avg/max/stddev = \(four) ms, median \(decimal(median))\(jitter)"
    }

    /// What makes the node doubt its own numbers, in words.
    private static func doubts(_ quality: Quality) -> [String] {
        var doubts: [String] = []
        if quality.clockStepped == true { doubts.append("The system clock was set while the ping ran.") }
        if let drops = quality.receiveOverflow, drops > 0 {
            doubts.append("This computer dropped \(drops) packets that it had no room for; some may have been replies.")
        }
        if let late = quality.lateReplies, late > 0 {
            doubts.append("\(late) \(late == 1 ? "reply" : "replies") came too late to count as received.")
        }
        if let delay = quality.schedulingDelay, delay > .milliseconds(20) {
            doubts.append("This computer was busy: up to \(decimal(delay.inMilliseconds, places: 0)) ms late.")
        }
        return doubts
    }

    /// Fixed point, without Foundation's formatter.
    static func decimal(_ value: Double, places: Int = 3) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        guard places > 0 else { return "\(scaled)" }
        let fraction = "\(abs(scaled % scale))"
        return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
