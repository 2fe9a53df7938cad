/// THE table of figures that results give, for every output of figures.
///
/// Names are OpenTelemetry's; Prometheus's follow from them by OpenTelemetry's own rules (dots become underscores, then
/// the unit, then `_total`). Those below `probe` mean what blackbox_exporter's of the same name mean.
enum WatchMetric: Int, CaseIterable, Sendable {
    case success, duration, ipProtocol, ipAddressHash, lookupTime, failedByRegex
    case httpDuration, httpStatus, httpContentLength, httpBodyLength, httpRedirects, httpIsSecure, httpVersion,
        httpLastModified
    case certificateExpiry, chainExpiry, chainInfo, tlsVersion
    case icmpDuration, icmpHopLimit
    case dnsAnswers, dnsAuthorities, dnsAdditionals, dnsDuration, dnsSucceeded, dnsSerial
    case pingSent, pingReceived, pingLoss, pingRoundTrip, ntpOffset
    case results, skipped, isFailing, isUnmeasured, delay, lastResult

    enum Unit: String, Sendable {
        case none = ""
        case seconds = "s"
        /// From 0 to 1.
        case ratio = "1"

        fileprivate var suffix: String {
            switch self {
            case .none: ""
            case .seconds: "_seconds"
            case .ratio: "_ratio"
            }
        }
    }

    struct Definition: Sendable {
        let name: String
        let unit: Unit
        let isCounter: Bool
        let help: String
        /// Prometheus's name.
        let exposedName: String

        init(_ name: String, unit: Unit = .none, isCounter: Bool = false, _ help: String) {
            self.name = name
            self.unit = unit
            self.isCounter = isCounter
            self.help = help
            exposedName = name.replacing(".", with: "_") + unit.suffix + (isCounter ? "_total" : "")
        }
    }

    var definition: Definition { Self.definitions[rawValue] }
    private static let definitions = allCases.map(\.defined)

    private var defined: Definition {
        switch self {
        case .success: .init("probe.success", "1 when the last result is good, 0 when it is not.")
        case .duration: .init("probe.duration", unit: .seconds, "How long the run took.")
        case .ipProtocol: .init("probe.ip_protocol", "4 or 6.")
        case .ipAddressHash: .init("probe.ip_addr_hash", "FNV-1a hash of the address: it changes when that does.")
        case .lookupTime: .init("probe.dns_lookup_time", unit: .seconds, "Looking up the target's name.")
        case .failedByRegex:
            .init("probe.failed_due_to_regex", "1 when a pattern did not match that should, or the other way round.")
        case .httpDuration:
            .init("probe.http_duration", unit: .seconds, "Phases of the request, of all redirects together.")
        case .httpStatus: .init("probe.http_status_code", "Of the last answer.")
        case .httpContentLength: .init("probe.http_content_length", "As the answer's header says.")
        case .httpBodyLength: .init("probe.http_uncompressed_body_length", "Bytes of the body after decoding.")
        case .httpRedirects: .init("probe.http_redirects", "Redirects that were followed.")
        case .httpIsSecure: .init("probe.http_ssl", "1 when the last request went over TLS.")
        case .httpVersion: .init("probe.http_version", "Of the last answer.")
        case .httpLastModified:
            .init(
                "probe.http_last_modified_timestamp", unit: .seconds, "As the last answer's header says, in Unix time.")
        case .certificateExpiry:
            .init("probe.ssl_earliest_cert_expiry", "When the first of the server's certificates ends, in Unix time.")
        case .chainExpiry:
            .init(
                "probe.ssl_last_chain_expiry_timestamp", unit: .seconds,
                "When the first certificate of the verified chain ends, in Unix time.")
        case .chainInfo: .init("probe.ssl_last_chain_info", "The server's certificate, when its chain is good.")
        case .tlsVersion: .init("probe.tls_version_info", "The version of TLS.")
        case .icmpDuration:
            .init("probe.icmp_duration", unit: .seconds, "Phases of the ping; rtt is the mean of the replies.")
        case .icmpHopLimit: .init("probe.icmp_reply_hop_limit", "Of the last reply: TTL or hop limit.")
        case .dnsAnswers: .init("probe.dns_answer_rrs", "Records in the answer section.")
        case .dnsAuthorities: .init("probe.dns_authority_rrs", "Records in the authority section.")
        case .dnsAdditionals: .init("probe.dns_additional_rrs", "Records in the additional section, without OPT.")
        case .dnsDuration: .init("probe.dns_duration", unit: .seconds, "Phases of the query.")
        case .dnsSucceeded: .init("probe.dns_query_succeeded", "1 when an answer came, whatever it said.")
        case .dnsSerial: .init("probe.dns_serial", "Of the zone, where its SOA record was asked for.")
        case .pingSent: .init("probeops.watch.ping_packets_sent", "Packets of the last run that left.")
        case .pingReceived: .init("probeops.watch.ping_packets_received", "Of them, those that were answered in time.")
        case .pingLoss:
            .init("probeops.watch.ping_loss", unit: .ratio, "Share of packets that were not answered in time.")
        case .pingRoundTrip: .init("probeops.watch.ping_rtt", unit: .seconds, "Round trips of the last run.")
        case .ntpOffset: .init("probeops.watch.ntp_offset", unit: .seconds, "The server's clock less this machine's.")
        case .results: .init("probeops.watch.results", isCounter: true, "Results, by verdict and error code.")
        case .skipped: .init("probeops.watch.skipped", isCounter: true, "Runs that were left out.")
        case .isFailing: .init("probeops.watch.failing", "1 while the check counts as failing, 0 while it does not.")
        case .isUnmeasured: .init("probeops.watch.unmeasured", "1 when the node could not measure the last time.")
        case .delay: .init("probeops.watch.delay", unit: .seconds, "How late the last run started.")
        case .lastResult:
            .init("probeops.watch.last_result_timestamp", unit: .seconds, "When the last run ended, in Unix time.")
        }
    }
}
