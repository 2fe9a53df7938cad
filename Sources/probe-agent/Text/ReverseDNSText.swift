import ProbeNative

/// An address's names, one a line, each with what it leads to.
enum ReverseDNSText {
    static func render(_ report: ReverseDNSReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = style.strong("\(report.address)") + "  " + style.faint(report.address.reverseName.description) + "\n"
        let width = report.names.map { $0.hostname.printable().count }.max() ?? 0
        for name in report.names {
            let hostname = style.strong(name.hostname.printable().padded(to: width))
            text += "  \(hostname)  \(verdict(name, style))".trimmed + "\n"
        }
        if let server = report.resolver {
            let time = report.queryTime.map { ", \(ReportValue.number($0.inMilliseconds).text) ms" } ?? ""
            text += "  " + style.faint("answered by \(server)\(time)") + "\n"
        }
        return text + Closing.lines(result, style)
    }

    private static func verdict(_ name: ReverseDNSReport.Name, _ style: Style) -> String {
        if let failure = name.failure { return style.bad(failure.detail) }
        let addresses = name.addresses.map(\.description).joined(separator: ", ")
        return switch name.isConfirmed {
        case true?: style.good("leads back") + (name.addresses.count > 1 ? style.faint("  \(addresses)") : "")
        case false?: style.bad(addresses.isEmpty ? "has no such address" : "leads elsewhere: \(addresses)")
        case nil: ""
        }
    }
}
