import ProbeNative

/// A time server's answer, the offset in words first.
enum NTPText {
    static func render(_ report: NTPReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        let target = result.target.printable()
        let address = report.address.map { "\($0)" == target ? "" : " (\($0))" } ?? ""
        var text = style.strong("ntp \(target)\(address)") + (report.port == 123 ? "" : " port \(report.port)") + "\n"
        if report.samples.count > 1 {
            for (index, sample) in report.samples.enumerated() { text += "  \(line(index + 1, sample, style))\n" }
        }
        if let best = report.best, let offset = best.offset, let delay = best.delay {
            text += row("offset", "\(signed(offset)) ms  \(style.faint(words(offset)))", style)
            text += row("delay", "\(ReportValue.number(delay.inMilliseconds).text) ms", style)
        }
        if let server = report.server {
            text += row(
                "stratum", "\(server.stratum)  \(style.faint("time from \(server.reference.printable())"))", style)
            text += row("leap", server.leap == "unsynchronized" ? style.bad(server.leap) : server.leap, style)
        }
        return text + Closing.lines(result, style)
    }

    private static func row(_ name: String, _ value: String, _ style: Style) -> String {
        "  \(style.faint(name.padded(to: 7)))  \(value)\n"
    }

    private static func line(_ number: Int, _ sample: NTPReport.Sample, _ style: Style) -> String {
        switch sample.status {
        case .timeout: return style.bad("\(number): no answer")
        case .kiss: return style.bad("\(number): refused")
        case .reply:
            let delay = sample.delay.map { ReportValue.number($0.inMilliseconds).text } ?? "-"
            return "\(number): offset \(sample.offset.map(signed) ?? "-") ms, delay \(delay) ms"
        }
    }

    private static func signed(_ offset: Duration) -> String {
        (offset < .zero ? "" : "+") + ReportValue.number(offset.inMilliseconds).text
    }

    private static func words(_ offset: Duration) -> String {
        offset < .zero ? "this node's clock is ahead" : "this node's clock is behind"
    }
}
