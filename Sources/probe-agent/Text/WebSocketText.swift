import ProbeNative

/// A WebSocket's life in the order in which it passed.
enum WebSocketText {
    static func render(_ report: WebSocketReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var heading = style.strong(report.url.printable())
        if let address = report.address { heading += style.faint("  \(address)") }
        let phases: [(String, Duration?, String)] = [
            ("dns", report.dns, ""), ("connect", report.connect, ""),
            ("tls", report.tls, security(report, result, style)),
            ("handshake", report.handshake, status(report, style)),
            ("echo", report.echo?.duration, echo(report, style)),
            ("close", report.close?.duration, close(report)),
        ]
        var text = heading + "\n"
        for (name, duration, remark) in phases where duration != nil || !remark.isEmpty {
            let time = duration.map { PingText.decimal($0.inMilliseconds, places: 2) + " ms" } ?? "-"
            let padding = String(repeating: " ", count: max(0, 12 - time.count))
            text += "  \(name.padded(to: 9))\(padding)\(time)  \(remark)".trimmed + "\n"
        }
        return text + Closing.lines(result, style)
    }

    private static func status(_ report: WebSocketReport, _ style: Style) -> String {
        guard let status = report.status else { return "" }
        let chosen = report.subprotocol.map { ", subprotocol \($0.printable())" } ?? ""
        return (status == 101 ? style.good("101") : style.bad("\(status)")) + chosen
    }

    private static func security(_ report: WebSocketReport, _ result: ProbeResult, _ style: Style) -> String {
        guard report.isSecure else { return "" }
        var parts = [report.tlsVersion, report.cipher].compactMap { $0 }
        if let verdict = report.verdict {
            // Where the job failed by it, the closing line has the sentence.
            let isReason = verdict.failure == result.outcome.failure
            let complaint = isReason ? "certificate refused" : verdict.message.printable()
            parts.append(verdict.isGood ? style.good("certificate is good") : style.bad(complaint))
        }
        return parts.joined(separator: ", ")
    }

    private static func echo(_ report: WebSocketReport, _ style: Style) -> String {
        guard let echo = report.echo else { return "" }
        return "\(echo.count) bytes of \(echo.isText ? "text" : "binary"), "
            + (echo.matches ? style.good("as sent") : "other than sent")
    }

    private static func close(_ report: WebSocketReport) -> String {
        guard let close = report.close else { return "" }
        let code = close.code.map { "\($0)" } ?? "no code"
        return close.reason.isEmpty ? code : "\(code): \(close.reason.printable())"
    }
}
