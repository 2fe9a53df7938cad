import ProbeNative

/// A whois result: the way to the record, what matters of it, then the registry's own words.
enum WhoisText {
    static func render(_ report: WhoisReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = style.strong("\(result.tool) \(result.target.printable())") + "\n"
        for server in report.servers { text += "  \(line(server, style))\n" }
        if let referral = report.referral { text += "  \(style.faint(unfollowed(referral, report.stop)))\n" }
        text += facts(report, style)
        // RDAP's answer is for programs.
        if report.source == .whois, let answer = report.text {
            var lines = answer.printable(multiline: true).split(separator: "\n", omittingEmptySubsequences: false)
            while lines.last?.isEmpty == true { lines.removeLast() }
            text += lines.map { "  \($0)".trimmed + "\n" }.joined()
            if report.isTruncated { text += "  \(style.bad("(the rest is missing)"))\n" }
            text += "\n"
        }
        return text + Closing.lines(result, style)
    }

    /// `whois.example.net (192.0.2.43)  1.4 KB in 32.1 ms`
    private static func line(_ server: WhoisReport.Server, _ style: Style) -> String {
        var parts = [server.name.printable()]
        if let address = server.address, !server.name.contains("\(address)") { parts[0] += " (\(address))" }
        if let failure = server.failure { return parts[0] + "  " + style.bad(failure.detail.printable()) }
        if let count = server.byteCount { parts.append("\(count) bytes") }
        let times = [server.resolve, server.connect, server.response].compactMap { $0 }
        if !times.isEmpty {
            parts.append("in \(ReportValue.number(times.reduce(.zero, +).inMilliseconds).text) ms")
        }
        return parts[0] + "  " + style.faint(parts.dropFirst().joined(separator: " "))
    }

    private static func unfollowed(_ referral: String, _ stop: WhoisReport.Stop?) -> String {
        let why =
            switch stop {
            case .loop: "was asked before"
            case .limit: "would be one referral too many"
            case .asked, nil: "was not asked"
            }
        return "refers to \(referral.printable()), which \(why)"
    }

    private static func facts(_ report: WhoisReport, _ style: Style) -> String {
        let record = report.record
        let left = record.daysLeft(at: report.seenAt).map { days in
            let words = days < 0 ? "\(-days) days ago" : "in \(days) days"
            return "  " + (days < 30 ? style.bad(words) : style.faint(words))
        }
        let rows: [(String, String?)] = [
            ("registrar", record.registrar?.printable()), ("created", record.created), ("updated", record.updated),
            ("expires", record.expires.map { $0 + (left ?? "") }), ("status", list(record.status)),
            ("nameservers", list(record.nameservers)), ("abuse", record.abuseContact?.printable()),
        ]
        let shown = rows.compactMap { name, value in
            value.map { "  \(style.faint(name.padded(to: 11)))  \($0)\n" }
        }
        return "\n" + (shown.isEmpty ? "" : shown.joined() + "\n")
    }

    private static func list(_ values: [String]) -> String? {
        values.isEmpty ? nil : values.map { $0.printable() }.joined(separator: ", ")
    }
}
