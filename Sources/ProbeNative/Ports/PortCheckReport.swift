/// What a port_check found (docs/tools/port_check.md). Written also of one that was cut: then with the ports that were
/// settled.
public struct PortCheckReport: Report {
    public var transport: Gate.Transport
    public var address: IPAddress?
    /// How many ports were asked for.
    public var total: Int
    public var resolveTime: Duration?
    var findings: [PortFinding] = []
    /// Beginnings of what open ports said, by port.
    var banners: [UInt16: [UInt8]] = [:]
    /// Who said so, where it was not the host itself.
    var senders: [UInt16: IPAddress] = [:]
    /// There were more bytes of banners than a job may keep.
    var lacksBanners = false

    init(_ parameters: PortCheckParameters) {
        transport = parameters.transport
        total = parameters.ports.ports.count
    }

    public func count(_ state: PortState) -> Int { findings.count { $0.state == state } }

    /// The state that most ports have; nil without ports.
    public var majority: PortState? {
        PortState.allCases.max { count($0) < count($1) }.flatMap { count($0) > 0 ? $0 : nil }
    }

    /// A port with all that is known of it.
    public struct Entry: Sendable, Hashable {
        public var port: UInt16
        public var state: PortState
        public var reason: PortReason
        /// What is usually behind the port.
        public var service: String?
        public var roundTrip: Duration?
        /// Without the end of its last line, control characters escaped.
        public var banner: String?
        /// Who said so, where it was not the host itself.
        public var sender: IPAddress?
    }

    /// Ascending, once the job has ended.
    public var entries: some Collection<Entry> { findings.lazy.map(entry) }

    mutating func sort() { findings.sort { $0.port < $1.port } }

    public func write(to writer: inout some ReportWriter) {
        writer.field("protocol", transport.rawValue)
        writer.field("total", total)
        writeCounts(to: &writer)
        writer.field("resolve_ms", resolveTime)
        if lacksBanners { writer.field("banners_truncated", true) }
        let left = leftOut(&writer)
        writer.array("ports", findings.lazy.filter { !left.contains($0.state) }.map(entry)) { $1.write(to: &$0) }
        guard !left.isEmpty else { return }
        writer.array("ports_left_out", left) { writer, state in
            writer.field("state", state.rawValue)
            writer.field("ports", PortSet.text(findings.lazy.filter { $0.state == state }.map(\.port)))
        }
    }

    /// The states whose ports are not listed one by one, where the result would be too large: first that of the
    /// majority, then all but open, then all.
    private func leftOut(_ writer: inout some ReportWriter) -> [PortState] {
        var left: [PortState] = []
        if let majority, !writer.admits(.ports, "ports") { left = [majority] }
        if !left.isEmpty, !writer.admits(.probes, "ports") { left = PortState.allCases.filter { $0 != .open } }
        if !left.isEmpty, !writer.admits(.records, "ports") { left = PortState.allCases }
        return left.filter { count($0) > 0 }
    }

    fileprivate func writeCounts(to writer: inout some ReportWriter) {
        writer.field("open", count(.open))
        writer.field("closed", count(.closed))
        writer.field("filtered", count(.filtered))
        if transport == .udp { writer.field("open_filtered", count(.openFiltered)) }
        writer.field("unreachable", count(.unreachable))
    }

    private func entry(_ finding: PortFinding) -> Entry {
        Entry(
            port: finding.port, state: finding.state, reason: finding.reason,
            service: ServiceNames.system.name(of: finding.port, over: transport), roundTrip: finding.roundTrip,
            banner: banners[finding.port].map(Self.line), sender: senders[finding.port])
    }

    private static func line(_ bytes: [UInt8]) -> String {
        EscapedBytes.text(bytes.prefix(bytes.count - bytes.reversed().prefix { $0 == 10 || $0 == 13 }.count))
    }
}

extension PortCheckReport.Entry {
    fileprivate func write(to writer: inout some ReportWriter) {
        writer.field("port", Int(port))
        writer.field("state", state.rawValue)
        writer.field("reason", reason.rawValue)
        writer.field("service", service)
        writer.field("rtt_ms", roundTrip)
        writer.field("banner", banner)
        if let sender { writer.field("from", sender.description) }
    }
}

/// How far a port_check has come: the counts, and the open ports so far.
public struct PortProgress: Report {
    static let interval = Duration.seconds(1)
    private let report: PortCheckReport

    init(_ report: PortCheckReport) { self.report = report }

    public var total: Int { report.total }
    public var done: Int { report.findings.count }

    public func write(to writer: inout some ReportWriter) {
        writer.field("total", total)
        writer.field("done", done)
        report.writeCounts(to: &writer)
        writer.array("ports", report.entries.lazy.filter { $0.state == .open }) { $1.write(to: &$0) }
    }
}
