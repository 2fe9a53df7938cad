import ProbeNative

/// The sizes that were tried, and what the path takes.
enum PathMTUText {
    static func render(_ report: PathMTUReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        let shown = result.target.printable()
        let place = report.address.map { "\($0)" == shown ? "" : " (\($0))" } ?? ""
        var text = style.strong("path_mtu to \(shown)\(place)") + "\n"
        let width = report.steps.map { "\($0.size)".count }.max() ?? 0
        for step in report.steps {
            text += "  \(TraceText.right("\(step.size)", width)) bytes  \(outcome(step, style))\n"
        }
        if let failure = result.outcome.failure { return text + style.bad(failure.detail.printable()) + "\n" }
        guard let mtu = report.mtu else { return text }
        text += style.good("The path takes packets of \(mtu) bytes.")
        if let router = report.limitedBy { text += " Larger ones are refused by \(router)." }
        if report.isBlackHole {
            text += "\n" + style.bad("Larger ones vanish without a word: a black hole for TCP that relies on ICMP.")
        }
        return text + "\n"
    }

    private static func outcome(_ step: PathMTUReport.Step, _ style: Style) -> String {
        let time = step.rtt.map { "  \(PingText.decimal($0.inMilliseconds)) ms" } ?? ""
        let from = step.from.map { " by \($0)" } ?? ""
        switch step.outcome {
        case .fits: return style.good("answered") + time
        case .tooBig:
            let mtu = step.nextHopMTU.map { ", whose next hop takes \($0)" } ?? ""
            return style.bad("too big") + ": refused\(from)\(mtu)\(time)"
        case .silent: return style.bad("no answer") + (step.tries > 1 ? " (\(step.tries) tries)" : "")
        case .local: return style.bad("too big") + " for this node's own interface"
        }
    }
}
