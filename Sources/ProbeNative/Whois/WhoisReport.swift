/// What the registries say, and who was asked.
public struct WhoisReport: Report {
    /// One server that was asked.
    public struct Server: Sendable, Hashable {
        /// A host and its port unless that is 43, or the URL that RDAP was asked at.
        public var name: String
        /// The line that was sent; nil for RDAP.
        public var query: String?
        public var address: IPAddress?
        public var resolve: Duration?
        public var connect: Duration?
        /// From the query to the end of the answer.
        public var response: Duration?
        public var byteCount: Int?
        public var failure: ProbeFailure?

        public init(name: String) { self.name = name }
    }

    /// Why the last server's referral was not followed.
    public enum Stop: String, Sendable, Hashable {
        /// It leads back to a server that was asked.
        case loop
        /// There were as many as are followed.
        case limit
        /// `follow` is false.
        case asked
    }

    public enum Source: String, Sendable, Hashable { case whois, rdap }

    public var servers: [Server] = []
    public var source: Source?
    /// The last answer.
    public var text: String?
    /// The text was longer than 256 KiB, or the server did not come to its end.
    public var isTruncated = false
    public var record = WhoisRecord()
    /// The server that the last answer refers to, where it was not followed.
    public var referral: String?
    public var stop: Stop?
    /// The clock that `days_left` is counted from.
    public var seenAt: WallTime

    public init(seenAt: WallTime) { self.seenAt = seenAt }

    public func write(to writer: inout some ReportWriter) {
        writer.field("source", source?.rawValue)
        record.write(to: &writer, at: seenAt)
        writer.array("servers", servers) { writer, server in
            writer.field("server", server.name)
            writer.field("query", server.query)
            writer.field("resolved_address", server.address?.description)
            writer.field("resolve_ms", server.resolve)
            writer.field("connect_ms", server.connect)
            writer.field("response_ms", server.response)
            writer.field("bytes", server.byteCount)
            writer.field("error", server.failure?.detail)
            writer.field("error_code", server.failure?.code.rawValue)
        }
        writer.field("referral", referral)
        writer.field("referral_stop", stop?.rawValue)
        writer.field("truncated", isTruncated)
        if writer.admits(.text, "text") { writer.field("text", text) }
    }
}
