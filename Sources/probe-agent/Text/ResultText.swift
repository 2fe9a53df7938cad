import ProbeNative

/// A result as text for people.
enum ResultText {
    /// Reports with a text of their own, one line each; all others are laid out from their fields.
    static func render(_ result: ProbeResult, color: Bool) -> String {
        switch result.outcome.report {
        case let report as PingReport: PingText.render(report, result: result, color: color)
        case let report as HTTPReport: HTTPText.render(report, result: result, color: color)
        case let report as DNSReport: DNSText.render(report, result: result, color: color)
        case let report as TLSReport: TLSText.render(report, result: result, color: color)
        case let report as ReverseDNSReport: ReverseDNSText.render(report, result: result, color: color)
        case let report as TracerouteReport: TracerouteText.render(report, result: result, color: color)
        case let report as MTRReport: MTRText.render(report, result: result, color: color)
        case let report as PathMTUReport: PathMTUText.render(report, result: result, color: color)
        case let report as PortCheckReport: PortCheckText.render(report, result: result, color: color)
        case let report as TCPReport: TCPText.render(report, result: result, color: color)
        case let report as WhoisReport: WhoisText.render(report, result: result, color: color)
        case let report as NTPReport: NTPText.render(report, result: result, color: color)
        case let report as WebSocketReport: WebSocketText.render(report, result: result, color: color)
        default: GenericText.render(result, color: color)
        }
    }
}
