import ProbeNative

/// An http report as text: the hops and the answer, a waterfall of the phases, the connection and its certificate, what
/// was expected, and the body where it was asked for.
enum HTTPText {
    static func render(_ report: HTTPReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        let way = report.proxy.map { style.faint("  through \($0.printable())") } ?? ""
        var lines = [style.strong("\(report.method.rawValue) \(report.url.printable())") + way]
        lines += report.redirects.map { redirect($0, style) }
        lines += answer(report, style)
        lines += waterfall(report.phases, style)
        lines += connection(report.last.tcp)
        if let security = report.security { lines += certificate(security, result, style) }
        lines += expectations(report.expectations, style)
        if let body = report.body { lines += ["", String(decoding: body, as: UTF8.self).printable(multiline: true)] }
        return lines.map { "\($0)\n" }.joined() + Closing.lines(result, style)
    }

    private static func redirect(_ hop: HTTPHop, _ style: Style) -> String {
        let status = hop.status.map { "\($0)" } ?? "-"
        let address = hop.address.map { ", from \($0)" } ?? ""
        let place = hop.fields.first { $0.name == "location" }.map { "\n       -> \($0.value.printable())" } ?? ""
        return "  \(status)  \(hop.url.printable())  " + style.faint("\(milliseconds(hop.phases.total)) ms\(address)")
            + style.faint(place)
    }

    private static func answer(_ report: HTTPReport, _ style: Style) -> [String] {
        guard let status = report.last.status else { return [] }
        let shown = (200..<400).contains(status) ? style.good("\(status)") : style.bad("\(status)")
        var parts = ["HTTP/\(report.httpVersion ?? "?")"]
        let type = report.fields.first { $0.name == "content-type" }
        if let type { parts.append(type.value.printable()) }
        if let count = report.bodyCount {
            let encoded = report.encodedBodyCount.map { " (\($0) on the wire)" } ?? ""
            parts.append("\(count) bytes\(encoded)\(report.isTruncated ? ", cut at the limit" : "")")
        }
        if let address = report.last.address { parts.append("from \(address)") }
        return ["  \(shown)  \(report.last.url.printable())  " + style.faint(parts.joined(separator: ", "))]
    }

    // MARK: Phases

    private static let barWidth = 40

    /// Each phase's bar begins where the one before ends.
    private static func waterfall(_ phases: HTTPPhases, _ style: Style) -> [String] {
        let all: [(name: String, duration: Duration?)] = [
            ("dns", phases.dns), ("connect", phases.connect), ("proxy", phases.proxy), ("tls", phases.tls),
            ("verify", phases.verify),
            ("send", phases.send), ("wait", phases.wait), ("transfer", phases.transfer),
        ]
        let total = max(phases.total.inMilliseconds, 0.001)
        var start = 0.0
        var lines = [""]
        for (name, duration) in all {
            guard let span = duration?.inMilliseconds else { continue }
            let first = Int(start / total * Double(barWidth))
            let last = Int((start + span) / total * Double(barWidth))
            let bar = span * Double(barWidth) < total / 2 ? "" : String(repeating: "#", count: max(1, last - first))
            start += span
            lines.append(row(name, span, String(repeating: " ", count: first) + style.good(bar)))
        }
        return lines + [row("total", total, "").trimmed]
    }

    private static func row(_ name: String, _ span: Double, _ bar: String) -> String {
        let number = milliseconds(.milliseconds(span))
        let padding = String(repeating: " ", count: max(0, 10 - number.count))
        return "  \(name.padded(to: 8))\(padding)\(number) ms  \(bar)".trimmed
    }

    /// Two decimals, always.
    private static func milliseconds(_ duration: Duration) -> String {
        let hundredths = Int((duration.inMilliseconds * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }

    // MARK: Expectations

    private static func expectations(_ results: [HTTPExpectationResult], _ style: Style) -> [String] {
        guard !results.isEmpty else { return [] }
        let width = results.map(\.name.count).max() ?? 0
        return [""]
            + results.map { result in
                let mark = result.isMet ? style.good("\u{2713}") : style.bad("\u{2717}")
                let name = result.name.printable().padded(to: width)
                let seen = result.seen == .null ? "" : result.seen.text.printable()
                let remark = style.faint((result.remark ?? "").printable())
                return "  \(mark) " + [name, seen, remark].filter { !$0.isEmpty }.joined(separator: "  ").trimmed
            }
    }

    // MARK: The connection

    private static func connection(_ tcp: TCPInfo?) -> [String] {
        guard let tcp else { return [] }
        let again = tcp.retransmits == 1 ? "1 retransmit" : "\(tcp.retransmits) retransmits"
        return ["", "  tcp     rtt \(milliseconds(tcp.roundTrip)) ms, \(again)"]
    }

    private static func certificate(_ security: HTTPSecurity, _ result: ProbeResult, _ style: Style) -> [String] {
        let session = security.session
        let negotiated = [
            security.version, security.cipher, session?.group, session?.alpn,
            security.isStapled == true ? "OCSP stapled" : nil,
        ].compactMap { $0?.printable() }.joined(separator: ", ")
        guard let verdict = security.verdict else { return negotiated.isEmpty ? [] : ["  tls     \(negotiated)"] }
        // Where the job failed by it, the closing line has the sentence.
        let isReason = verdict.failure == result.outcome.failure
        let complaint = isReason ? "certificate refused" : verdict.message.printable()
        let judgement = verdict.isGood ? style.good("certificate is good") : style.bad(complaint)
        var lines = ["  tls     \([negotiated, judgement].filter { !$0.isEmpty }.joined(separator: ", "))"]
        for (depth, one) in verdict.chain.enumerated() {
            let days = one.daysLeft(at: security.seenAt).map { $0 < 0 ? "expired \(-$0) days ago" : "\($0) days left" }
            let facts = [days, "\(one.keyType) \(one.keyBits)"].compactMap { $0 }.joined(separator: ", ")
            lines.append("  \("chain \(depth)".padded(to: 8))\(one.subject.printable())  " + style.faint(facts))
        }
        return lines
    }
}
