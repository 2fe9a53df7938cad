import ProbeNative

/// Who a row of the history is about.
struct HistoryCheck: Sendable, Hashable {
    var name: String
    var tool: String
    var target: String
    var group: String?
}

/// A result as far as the history keeps it.
struct HistoryRow: Sendable, Hashable {
    var check: HistoryCheck
    /// When it was known: microseconds since 1970.
    var time: Int64
    var verdict: CheckResult.Verdict
    /// Empty when it went well.
    var code: String
    /// Microseconds.
    var latency: Int64?
    /// Packets of a ping.
    var sent: Int?
    var lost: Int?
}

extension HistoryRow {
    init(_ result: CheckResult) {
        let check = result.check
        self.check = HistoryCheck(name: check.id, tool: check.tool, target: check.target, group: check.group)
        time = result.result.finishedAt.nanoseconds / 1000
        verdict = result.verdict
        code = result.code?.rawValue ?? ""
        latency = result.latency.map { $0.wholeNanoseconds / 1000 }
        if let ping = result.result.outcome.report as? PingReport {
            sent = ping.sent
            lost = ping.sent - ping.received
        }
    }
}

extension CheckResult {
    /// What "how long does it take" means for its tool: a ping's median round trip, a query's own time, a connection's,
    /// a time server's delay, else all of the run. Only a ping that failed has one too, where packets came back.
    var latency: Duration? {
        if let ping = result.outcome.report as? PingReport {
            return ping.statistics.median.map { .milliseconds($0) }
        }
        guard verdict == .ok else { return nil }
        switch result.outcome.report {
        case let dns as DNSReport: return dns.queryTime ?? duration
        case let tcp as TCPReport: return tcp.connectTime ?? duration
        case let ntp as NTPReport: return ntp.best?.delay ?? duration
        default: return duration
        }
    }
}
