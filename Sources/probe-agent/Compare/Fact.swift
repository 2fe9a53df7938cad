import ProbeNative

/// Something that a diagnostic was told, apart from times, to be held against what the other side was told.
struct Fact {
    enum Weight {
        /// Different when the sets of values differ.
        case answer
        /// Different when both have some and none in common: a hop may have several routers and may be silent.
        case path
        /// Shown where it differs, and no difference of the answers.
        case remark
    }
    var name: String
    var values: [String]
    var weight = Weight.answer

    init(_ name: String, _ values: [String], _ weight: Weight = .answer) {
        (self.name, self.values, self.weight) = (name, values, weight)
    }

    init(_ name: String, _ value: String?, _ weight: Weight = .answer) {
        self.init(name, value.map { [$0] } ?? ["none"], weight)
    }

    /// In the order in which they are shown.
    static func of(_ result: ProbeResult) -> [Fact] {
        let address = Fact("address", result.outcome.resolvedAddress.map { ["\($0)"] } ?? [], .remark)
        switch result.outcome.report {
        case let report as DNSReport: return of(report)
        case let report as HTTPReport: return [address] + of(report)
        case let report as TLSReport: return [address] + of(report)
        case let report as TracerouteReport:
            return [address] + of(path: report.hops.map { ($0.hop, $0.addresses) }, report.isReached)
        case let report as MTRReport:
            return [address]
                + of(path: report.hops.map { ($0.hop, $0.addresses.map(\.address)) }, report.isReached)
        case let report as PingReport:
            return [
                address, Fact("reply ttl", Set(report.packets.compactMap(\.ttl)).sorted().map(String.init), .remark),
                Fact("loss", report.loss.map { "\(ReportValue.number($0).text) %" }, .remark),
            ]
        case let report as PortCheckReport:
            return [address] + report.entries.map { Fact("port \($0.port)", $0.state.rawValue) }
        default: return [address] + scalars(result.outcome.report)
        }
    }

    private static func of(_ report: DNSReport) -> [Fact] {
        guard let answer = report.answer else { return [] }
        // So that the records of two names can be alike.
        func text(_ record: DNSRecord) -> String {
            let owner = record.name.lowercased() == report.question.name.lowercased() ? "@" : record.name
            return "\(owner) \(record.type) \(record.value)"
        }
        var facts = [Fact("rcode", answer.responseCode.description), Fact("flags", flags(answer.flags))]
        for section in [DNSSection.answer, .authority] {
            facts.append(Fact("\(section.rawValue)", answer.records(in: section).map(text)))
        }
        facts.append(Fact("extended errors", answer.extendedErrors.map { "\($0.code) \($0.text)" }))
        if let verdict = report.verdict { facts.append(Fact("dnssec", verdict.status.rawValue)) }
        let ttls = Set(answer.records(in: .answer).map(\.ttl)).sorted()
        return facts + [
            Fact("ttl", ttls.map { "\($0) s" }, .remark),
            Fact("additional", answer.records(in: .additional).map(text), .remark),
            Fact("server identity", answer.serverIdentityText.map { [$0] } ?? [], .remark),
            Fact("bytes", report.responseSize.map { ["\($0)"] } ?? [], .remark),
            Fact(
                "transport", report.transport.rawValue + (report.truncatedRetry ? ", truncated over udp" : ""), .remark),
        ]
    }

    private static func flags(_ flags: DNSFlags) -> String {
        let all = [
            ("aa", flags.authoritative), ("tc", flags.truncated), ("rd", flags.recursionDesired),
            ("ra", flags.recursionAvailable), ("ad", flags.authenticData), ("cd", flags.checkingDisabled),
        ]
        return all.filter(\.1).map(\.0).joined(separator: " ")
    }

    /// Header fields that say how a server is set up; those of an answer's own (date, etag, cookies) are no difference.
    private static let headers = [
        "server", "content-type", "content-encoding", "cache-control", "location", "vary", "via", "alt-svc",
        "strict-transport-security", "content-security-policy", "x-frame-options", "access-control-allow-origin",
    ]

    private static func of(_ report: HTTPReport) -> [Fact] {
        var facts = [
            Fact("status", report.last.status.map(String.init)), Fact("http version", report.httpVersion),
            Fact("redirects", report.redirects.map { "\($0.status ?? 0)" }),
        ]
        for name in headers {
            let values = report.fields.filter { $0.name == name }.map(\.value)
            if !values.isEmpty { facts.append(Fact(name, values)) }
        }
        if let security = report.security {
            facts += [Fact("tls", security.version), Fact("cipher", security.cipher)]
            facts += of(security.verdict?.chain ?? [])
        }
        return facts + [Fact("body bytes", report.bodyCount.map { ["\($0)"] } ?? [], .remark)]
    }

    private static func of(_ report: TLSReport) -> [Fact] {
        var facts = [
            Fact("version", report.session?.version), Fact("cipher", report.session?.cipher),
            Fact("group", report.session?.group), Fact("alpn", report.session?.alpn),
            Fact("stapled", report.isStapled ? "yes" : "no"),
            Fact("client certificate", report.asksForCertificate ? "asked for" : "not asked for"),
            Fact("weaknesses", report.weaknesses.map(\.kind.rawValue)),
        ]
        for trial in report.trials {
            facts.append(Fact("takes \(trial.version.name)", trial.isAccepted.map { $0 ? "yes" : "no" }))
        }
        return facts + of(report.chain)
    }

    private static func of(_ chain: [CertificateSummary]) -> [Fact] {
        guard let leaf = chain.first else { return [Fact("certificate", nil as String?)] }
        return [
            Fact("certificate", "\(leaf.subject), sha256 \(leaf.sha256.prefix(16))"), Fact("issuer", leaf.issuer),
            Fact("key", "\(leaf.keyType) \(leaf.keyBits)"), Fact("valid until", leaf.notAfter?.iso8601),
            Fact("chain", chain.dropFirst().map(\.subject)),
        ]
    }

    private static func of(path: [(hop: Int, addresses: [IPAddress])], _ isReached: Bool) -> [Fact] {
        [Fact("reached", isReached ? "yes" : "no")]
            + path.map { Fact("hop \($0.hop)", $0.addresses.map(\.description), .path) }
    }
}
