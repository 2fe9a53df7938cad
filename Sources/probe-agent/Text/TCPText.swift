import ProbeNative

/// A tcp job as a protocol of the conversation.
enum TCPText {
    static func render(_ report: TCPReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        let target = result.target.printable()
        let address = report.address.map { "\($0)" == target ? "" : " (\($0))" } ?? ""
        var lines = [style.strong("\(target)\(address) port \(report.port)")]
        if let time = report.connectTime { lines.append(fact("connected", milliseconds(time), style)) }
        if let security = report.security { lines.append(fact("tls", tls(report, security, style), style)) }
        if !report.banner.isEmpty { lines += said("banner", report.banner, style) }
        for (index, step) in report.steps.enumerated() { lines += describe(step, index + 1, report, style) }
        return lines.map { $0 + "\n" }.joined() + Closing.lines(result, style)
    }

    private static func fact(_ name: String, _ text: String, _ style: Style) -> String {
        "  " + style.faint(name.padded(to: 10)) + text
    }

    private static func milliseconds(_ time: Duration) -> String {
        PingText.decimal(time.inMilliseconds, places: 2) + " ms"
    }

    private static func tls(_ report: TCPReport, _ security: TCPReport.Security, _ style: Style) -> String {
        let judgement =
            switch security.isGood {
            case true?: style.good("certificate is good")
            case false?: style.bad("certificate: " + (security.complaint ?? "refused").printable())
            case nil: ""
            }
        let facts = [report.tlsTime.map(milliseconds) ?? "", security.version ?? "", security.cipher ?? "", judgement]
        return facts.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// One line of the peer a line, escapes visible.
    private static func said(_ name: String, _ bytes: [UInt8], _ style: Style) -> [String] {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            EscapedBytes.text(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
        return lines.enumerated().map { fact($0.offset == 0 ? name : "", $0.element.printable(), style) }
    }

    private static func describe(
        _ step: TCPReport.Step, _ number: Int, _ report: TCPReport, _ style: Style
    ) -> [String] {
        var words: [String] = []
        if let sent = step.sent { words.append("sent \(sent) bytes") }
        if let expected = step.expected {
            let verdict = step.matched == true ? style.good("found") : style.bad("not found")
            words.append("\(verdict) \(expected.quotedForMessage)")
        }
        if step.startsTLS { words.append("TLS") }
        if let time = step.duration { words.append(style.faint(milliseconds(time))) }
        let isBanner = step.seen == report.banner
        return [fact("step \(number)", words.joined(separator: "  "), style)]
            + (isBanner ? [] : said("", step.seen ?? [], style))
    }
}
