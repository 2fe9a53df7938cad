/// What the dns tool found: the answer, also one that says no, and how it came.
public struct DNSReport: Report {
    public struct Question: Sendable, Hashable {
        /// After IDNA, and reversed where an address was asked about.
        public var name: String
        public var type: String
        public var recordClass: String

        public init(name: String, type: String, recordClass: String) {
            self.name = name
            self.type = type
            self.recordClass = recordClass
        }
    }

    public var question: Question
    /// Nil when no answer came that could be read.
    public var answer: DNSAnswer?
    /// The server asked last.
    public var resolver: SocketAddress?
    public var transport: DNSTransport
    /// From the query to its answer.
    public var queryTime: Duration?
    /// The TCP handshake.
    public var connectTime: Duration?
    /// The TLS handshake, without the verification of the certificate.
    public var tlsTime: Duration?
    /// Looking up a resolver that was given by name.
    public var resolveTime: Duration?
    /// Bytes.
    public var responseSize: Int?
    /// Queries sent.
    public var attempts = 0
    /// UDP's answer did not fit and TCP was asked.
    public var truncatedRetry = false
    /// Messages from the server that were no answer to this query.
    public var ignoredAnswers = 0
    /// Where validation was asked for.
    public var verdict: DNSSECVerdict?
    /// The walk from the root, where it was asked for.
    public var hops: [DNSHop]?

    public init(question: Question, transport: DNSTransport) {
        self.question = question
        self.transport = transport
    }

    public func write(to writer: inout some ReportWriter) {
        writer.object("question") { writer in
            writer.field("name", question.name)
            writer.field("type", question.type)
            writer.field("class", question.recordClass)
        }
        writer.field("rcode", answer?.responseCode.description)
        if let flags = answer?.flags { Self.write(flags, to: &writer) }
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
        writer.field("connect_ms", connectTime)
        writer.field("tls_ms", tlsTime)
        writer.field("resolve_ms", resolveTime)
        writer.field("response_size", responseSize)
        writer.field("resolver", resolver?.description)
        writer.field("transport", transport.rawValue)
        writer.field("attempts", attempts)
        writer.field("truncated_retry", truncatedRetry)
        writer.field("ignored_answers", ignoredAnswers)
        writer.array("ede", answer?.extendedErrors ?? []) { writer, error in
            writer.field("code", Int(error.code))
            writer.field("name", error.name)
            writer.field("text", error.text)
        }
        writer.field("nsid", answer?.serverIdentityText)
        writer.field("client_subnet", answer?.clientSubnet?.description)
        if let verdict { writer.object("dnssec") { verdict.write(to: &$0) } }
        if let hops {
            writer.array("hops", writer.admits(.probes, "hops") ? hops : []) { writer, hop in hop.write(to: &writer) }
        }
    }

    private static func write(_ flags: DNSFlags, to writer: inout some ReportWriter) {
        writer.object("flags") { writer in
            writer.field("aa", flags.authoritative)
            writer.field("tc", flags.truncated)
            writer.field("rd", flags.recursionDesired)
            writer.field("ra", flags.recursionAvailable)
            writer.field("ad", flags.authenticData)
            writer.field("cd", flags.checkingDisabled)
        }
    }
}
