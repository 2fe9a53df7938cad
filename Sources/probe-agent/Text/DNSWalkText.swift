import ProbeNative

/// A walk from the root, a line a server, in the order in which they were asked.
enum DNSWalkText {
    static func render(_ hops: [DNSHop], _ style: Style) -> String {
        let rows = hops.map { hop in
            (
                zone: (hop.isAside ? "  " : "") + hop.zone.printable(), server: server(hop),
                time: hop.duration.map { ReportValue.number($0.inMilliseconds).text + " ms" } ?? "-"
            )
        }
        let zones = rows.map(\.zone.count).max() ?? 0
        let servers = rows.map(\.server.count).max() ?? 0
        let times = rows.map(\.time.count).max() ?? 0
        return zip(hops, rows).map { hop, row in
            let time = String(repeating: " ", count: times - row.time.count) + row.time
            return
                "  \(row.zone.padded(to: zones))  \(row.server.padded(to: servers))  \(time)  \(outcome(hop, style))\n"
        }.joined()
    }

    private static func server(_ hop: DNSHop) -> String {
        let address = hop.address.map(\.description) ?? "no address"
        return hop.server.map { "\($0.printable()) \(address)" } ?? address
    }

    private static func outcome(_ hop: DNSHop, _ style: Style) -> String {
        let aside = hop.isAside ? style.faint("  (looking for \(hop.name.printable()))") : ""
        let text =
            switch hop.outcome {
            case .referral:
                "to \(style.strong((hop.referral ?? "").printable())) \(servers(hop.nameServers.count))"
            case .alias: "alias of \(style.strong((hop.alias ?? "").printable()))"
            case .answer: style.good("answer")
            case .noData: "no such record"
            case .nameError: style.bad("NXDOMAIN")
            case .lame, .failed:
                style.bad(hop.outcome.rawValue) + (hop.failure.map { ": \($0.detail.printable())" } ?? "")
            }
        return text + aside
    }

    private static func servers(_ count: Int) -> String { "(\(count) \(count == 1 ? "server" : "servers"))" }
}
