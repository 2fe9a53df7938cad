import ProbeNative

/// A traceroute as people know it: a line a hop, the hop's further addresses and its labels below it.
enum TracerouteText {
    static func render(_ report: TracerouteReport, result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = style.strong(headline(report, result)) + "\n"
        let names = HostColumn(report.hops.flatMap(\.addresses), report.facts)
        for hop in report.hops { text += lines(hop, names, style).map { $0 + "\n" }.joined() }
        return text + ending(report, result, style)
    }

    /// "traceroute to example.com (192.0.2.1), udp port 33434, 60-byte packets, 30 hops at most"
    private static func headline(_ report: TracerouteReport, _ result: ProbeResult) -> String {
        var facts = [TraceText.target("traceroute", report.address, report.parameters, result.target)]
        if report.parameters.transport != .tcp { facts.append("\(report.parameters.size)-byte packets") }
        facts.append("\(report.parameters.maxHops) hops at most")
        return facts.joined(separator: ", ")
    }

    private static func lines(_ hop: TracerouteReport.Hop, _ names: HostColumn, _ style: Style) -> [String] {
        let number = TraceText.right("\(hop.hop)", 2)
        guard !hop.addresses.isEmpty else {
            return [" \(number)  \(style.faint(hop.probes.map { _ in "*" }.joined(separator: " ")))"]
        }
        let lost = hop.probes.count { $0 == nil }
        return hop.addresses.enumerated().flatMap { index, address -> [String] in
            let answers = hop.probes.compactMap { $0 }.filter { $0.from == address }
            var cells = answers.map { cell($0, style) }
            // Lost probes have no address; they are shown once.
            if index == 0 { cells += Array(repeating: style.faint("*"), count: lost) }
            let left = index == 0 ? " \(number)  " : "     "
            let isTarget = answers.contains { $0.kind == .target }
            let host = names.padded(address, isTarget ? style.good : { $0 }, style)
            let labels = answers.first { !$0.labels.isEmpty }.map { [TraceText.labels($0.labels, style)] } ?? []
            return [left + host + "  " + cells.joined(separator: "  ")] + labels
        }
    }

    private static func cell(_ answer: TraceAnswer, _ style: Style) -> String {
        let time = PingText.decimal(answer.rtt.inMilliseconds) + " ms"
        return TraceText.mark(answer).map { "\(time) \(style.bad($0))" } ?? time
    }

    private static func ending(_ report: TracerouteReport, _ result: ProbeResult, _ style: Style) -> String {
        let time = "\(PingText.decimal(result.run.inSeconds, places: 2)) s"
        if let failure = result.outcome.failure {
            return style.bad(failure.detail.printable()) + style.faint("  \(time)") + "\n"
        }
        let hops = report.hops.last.map { $0.hop == 1 ? "1 hop" : "\($0.hop) hops" } ?? ""
        return style.good("reached in \(hops)") + style.faint("  \(time)") + "\n"
    }
}

/// What the texts of traceroute, mtr and path_mtu have in common.
enum TraceText {
    /// "mtr to example.com (192.0.2.1), tcp port 80"
    static func target(
        _ tool: String, _ address: IPAddress?, _ parameters: TraceParameters, _ target: String
    ) -> String {
        let shown = target.printable()
        let place = address.map { "\($0)" == shown ? "" : " (\($0))" } ?? ""
        let port = parameters.port.map { " port \($0)" } ?? ""
        return "\(tool) to \(shown)\(place), \(parameters.transport.rawValue)\(port)"
    }

    /// traceroute(8)'s annotations; nil for an answer as expected.
    static func mark(_ answer: TraceAnswer) -> String? {
        guard answer.kind == .unreachable, let type = answer.icmpType, let code = answer.icmpCode else { return nil }
        let isV4 = answer.from.family == .v4
        switch (isV4, type, code) {
        case (true, 3, 0), (false, 1, 0): return "!N"
        case (true, 3, 1), (false, 1, 3): return "!H"
        case (true, 3, 2): return "!P"
        case (true, 3, 3), (false, 1, 4): return "!p"
        case (true, 3, 4), (false, 2, _): return answer.mtu.map { "!F-\($0)" } ?? "!F"
        case (true, 3, 5): return "!S"
        case (true, 3, 9), (true, 3, 10), (true, 3, 13), (false, 1, 1): return "!X"
        case (true, 3, 14): return "!V"
        case (true, 3, 15): return "!C"
        case (false, 1, _): return "!<\(code)>"
        default: return "!<\(type)/\(code)>"
        }
    }

    /// "MPLS 16000/24001 (traffic class 5/3, ttl 1/254)"
    static func labels(_ labels: [MPLSLabel], _ style: Style) -> String {
        func joined(_ value: (MPLSLabel) -> Int) -> String { labels.map { "\(value($0))" }.joined(separator: "/") }
        let text = "MPLS \(joined(\.label)) (traffic class \(joined(\.experimental)), ttl \(joined(\.ttl)))"
        return "       " + style.faint(text)
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Hosts as "name (address)", all of one width.
struct HostColumn {
    private let facts: HopFacts
    let width: Int

    init(_ addresses: [IPAddress], _ facts: HopFacts, least: Int = 0) {
        self.facts = facts
        width = max(least, addresses.map { Self.text($0, facts).count }.max() ?? 0)
    }

    func padded(_ address: IPAddress, _ emphasis: (String) -> String, _ style: Style) -> String {
        let text = Self.text(address, facts)
        return emphasis(text) + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func text(_ address: IPAddress, _ facts: HopFacts) -> String {
        let network = facts.networks[address].map { "[AS\($0)] " } ?? ""
        return network + (facts.names[address].map { "\($0.printable()) (\(address))" } ?? "\(address)")
    }
}
