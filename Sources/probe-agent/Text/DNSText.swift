import ProbeNative

/// A dns result in the order of dig's output, without what nobody reads: sections as tables, then one line of facts.
enum DNSText {
    static func render(_ report: DNSReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = heading(report, style) + "\n"
        if let hops = report.hops { text += DNSWalkText.render(hops, style) }
        for section in DNSSection.allCases {
            let records = report.answer.map { Array($0.records(in: section)) } ?? []
            if !records.isEmpty { text += "\(style.faint(section.rawValue))\n" + table(records, style) }
        }
        if report.answer?.responseCode == .noError,
            report.answer?.records(in: .answer).contains(where: { _ in true }) == false
        {
            text += "  \(style.faint("the name has no such record"))\n"
        }
        for error in report.answer?.extendedErrors ?? [] {
            let words = [error.name, error.text.isEmpty ? nil : error.text.printable()].compactMap { $0 }
            text += "  \(style.faint("extended error \(error.code): \(words.joined(separator: ": "))"))\n"
        }
        if let verdict = report.verdict {
            // Where it is the failure it stands below.
            let reason = verdict.reason == result.outcome.failure?.detail ? nil : verdict.reason
            text += self.verdict(verdict, reason, style)
        }
        return text + facts(report, style) + Closing.lines(result, style)
    }

    /// `www.example.com. IN A @ 192.0.2.53:53 over udp`
    private static func heading(_ report: DNSReport, _ style: Style) -> String {
        let question = report.question
        let way = " over \(report.transport.rawValue)"
        let server = report.hops == nil ? report.resolver.map { " @ \($0)" + way } ?? "" : " from the root" + way
        return style.strong("\(question.name) \(question.recordClass) \(question.type)") + server
    }

    /// `dnssec  secure  . (20326) > org. (26974) > example.org. (31406)`
    private static func verdict(_ verdict: DNSSECVerdict, _ reason: String?, _ style: Style) -> String {
        let word = verdict.status.rawValue
        let status =
            switch verdict.status {
            case .secure: style.good(word)
            case .bogus: style.bad(word)
            case .insecure, .indeterminate: style.strong(word)
            }
        let chain = verdict.chain.map { link in
            "\(link.zone.printable()) \(link.keyTag.map { "(\($0))" } ?? "(not signed)")"
        }
        let line = ["dnssec", status, style.faint(chain.joined(separator: " > "))].filter { !$0.isEmpty }
        let more = reason.map { "          \($0.printable())\n" } ?? ""
        return "  \(line.joined(separator: "  "))\n" + more
    }

    private static func table(_ records: [DNSRecord], _ style: Style) -> String {
        func width(_ column: (DNSRecord) -> String) -> Int { records.map { column($0).count }.max() ?? 0 }
        let names = width(\.name)
        let ttls = width { "\($0.ttl)" }
        let types = width(\.type)
        return records.map { record in
            let ttl = "\(record.ttl)"
            let left = record.name.padded(to: names) + "  " + String(repeating: " ", count: ttls - ttl.count) + ttl
            return "  \(left)  \(record.recordClass)  \(record.type.padded(to: types))  "
                + style.strong(record.value.printable()) + "\n"
        }.joined()
    }

    /// `NOERROR  aa rd  0.4 ms  61 bytes  2 queries`; nothing where no answer came.
    private static func facts(_ report: DNSReport, _ style: Style) -> String {
        guard let answer = report.answer else { return "" }
        let isFine = answer.responseCode == .noError
        var facts = [isFine ? style.good("NOERROR") : style.bad("\(answer.responseCode)"), flags(answer.flags)]
        if let time = report.queryTime { facts.append(ReportValue.number(time.inMilliseconds).text + " ms") }
        if let connect = report.connectTime {
            facts.append("connected in \(ReportValue.number(connect.inMilliseconds).text) ms")
        }
        if let tls = report.tlsTime { facts.append("TLS in \(ReportValue.number(tls.inMilliseconds).text) ms") }
        if let size = report.responseSize { facts.append("\(size) bytes") }
        if report.truncatedRetry { facts.append("truncated over udp") }
        if report.attempts > 1 { facts.append("\(report.attempts) queries") }
        if let identity = answer.serverIdentityText { facts.append("nsid \(identity)") }
        if let subnet = answer.clientSubnet { facts.append("client subnet \(subnet)") }
        if report.ignoredAnswers > 0 { facts.append("\(report.ignoredAnswers) other messages ignored") }
        return "  " + facts.filter { !$0.isEmpty }.joined(separator: "  ") + "\n"
    }

    private static func flags(_ flags: DNSFlags) -> String {
        let all = [
            ("aa", flags.authoritative), ("tc", flags.truncated), ("rd", flags.recursionDesired),
            ("ra", flags.recursionAvailable), ("ad", flags.authenticData), ("cd", flags.checkingDisabled),
        ]
        return all.filter(\.1).map(\.0).joined(separator: " ")
    }
}
