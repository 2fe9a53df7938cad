/// The names of an address, in the order of the server's answer.
public struct ReverseDNSReport: Report {
    public struct Name: Sendable, Hashable {
        /// Without its final dot.
        public var hostname: String
        /// Of the family of the address that was asked about.
        public var addresses: [IPAddress] = []
        /// Whether that address is among them; nil where the name was not looked up or nobody could say.
        public var isConfirmed: Bool?
        /// Why nobody could say.
        public var failure: ProbeFailure?

        public init(hostname: String) { self.hostname = hostname }
    }

    public var address: IPAddress
    public var names: [Name] = []
    public var answer: DNSAnswer?
    /// The server that answered.
    public var resolver: SocketAddress?
    /// From the question for PTR records to its answer.
    public var queryTime: Duration?
    /// Looking all names up.
    public var confirmTime: Duration?

    public init(address: IPAddress) { self.address = address }

    /// True when one of the names leads back to the address; nil when none was found to, and there is no name or one that
    /// could not be looked up.
    public var isConfirmed: Bool? {
        let verdicts = names.map(\.isConfirmed)
        if verdicts.contains(true) { return true }
        if verdicts.isEmpty { return nil }
        return verdicts.contains(nil) ? nil : false
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("hostname", names.first?.hostname)
        writer.field("forward_confirmed", isConfirmed)
        writer.array("names", writer.admits(.records, "names") ? names : []) { writer, name in
            writer.field("hostname", name.hostname)
            writer.field("forward_confirmed", name.isConfirmed)
            writer.strings("addresses", name.addresses.map(\.description))
            writer.field("error", name.failure?.detail)
            writer.field("error_code", name.failure?.code.rawValue)
        }
        writer.field("reverse_name", address.reverseName.description)
        writer.field("rcode", answer?.responseCode.description)
        let records = answer?.records ?? []
        writer.array("records", writer.admits(.records, "records") ? records : []) { writer, record in
            writer.field("section", record.section.rawValue)
            writer.field("name", record.name)
            writer.field("type", record.type)
            writer.field("class", record.recordClass)
            writer.field("ttl", record.ttl)
            writer.field("value", record.value)
        }
        writer.field("query_ms", queryTime)
        writer.field("confirm_ms", confirmTime)
        writer.field("resolver", resolver?.description)
    }
}
