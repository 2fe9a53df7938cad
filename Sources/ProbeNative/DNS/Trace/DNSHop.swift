/// One server asked on the way from the root.
public struct DNSHop: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable {
        case referral, answer, alias
        case noData = "no_data"
        case nameError = "nxdomain"
        /// It does not serve the zone that it was named for.
        case lame
        /// No answer, or none that could be read.
        case failed
    }

    /// What the server was asked as a server of.
    public var zone: String
    public var name: String
    public var type: String
    /// Nil for root hints that are addresses only.
    public var server: String?
    /// Nil when the server's address was not found.
    public var address: SocketAddress?
    /// From the query to its answer.
    public var duration: Duration?
    public var responseCode: DNSResponseCode?
    public var responseSize: Int?
    public var outcome = Outcome.failed
    /// The zone that the answer leads to, and its servers.
    public var referral: String?
    public var nameServers: [String] = []
    public var alias: String?
    /// Why it failed, or why it is called lame.
    public var failure: ProbeFailure?
    /// Asked for the address of a name server, not for the question itself.
    public var isAside = false

    init(zone: CanonicalName, _ name: CanonicalName, _ type: DNSRecordType, server: CanonicalName?) {
        self.zone = zone.description
        self.name = name.description
        self.type = type.description
        self.server = server?.description
    }

    func write(to writer: inout some ReportWriter) {
        writer.field("zone", zone)
        writer.field("name", name)
        writer.field("type", type)
        writer.field("server", server)
        writer.field("address", address?.description)
        writer.field("rtt_ms", duration)
        writer.field("rcode", responseCode?.description)
        writer.field("response_size", responseSize)
        writer.field("outcome", outcome.rawValue)
        writer.field("referral", referral)
        writer.strings("nameservers", nameServers)
        writer.field("alias", alias)
        writer.field("error", failure?.detail)
        writer.field("error_code", failure?.code.rawValue)
        writer.field("aside", isAside)
    }
}
