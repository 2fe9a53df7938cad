/// What a time server said. Offsets are the server's clock less this node's: positive when this node is behind.
public struct NTPReport: Report {
    public enum Status: String, Sendable, Hashable {
        case reply, timeout
        /// The server asked to be left alone.
        case kiss
    }

    /// One query.
    public struct Sample: Sendable, Hashable {
        public var status: Status
        public var offset: Duration?
        public var delay: Duration?

        public init(_ status: Status, offset: Duration? = nil, delay: Duration? = nil) {
            self.status = status
            self.offset = offset
            self.delay = delay
        }
    }

    /// What the server says about itself, from the sample that counts.
    public struct Server: Sendable, Hashable {
        public var version: Int
        public var stratum: Int
        /// none, insert, delete or unsynchronized.
        public var leap: String
        /// The source of its time.
        public var reference: String
        public var referenceTime: WallTime?
        public var rootDelay: Duration
        public var rootDispersion: Duration
        /// log2 seconds.
        public var precision: Int
        public var kiss: String?
    }

    public var address: IPAddress?
    public var port: UInt16
    public var samples: [Sample] = []
    public var server: Server?
    public var resolveTime: Duration?
    /// Messages that were no answer to a query.
    public var ignoredAnswers = 0

    public init(port: UInt16) { self.port = port }

    /// The reply that was on its way for the shortest time: queues make the others less exact (RFC 5905 section 10).
    public var best: Sample? {
        samples.filter { $0.status == .reply }.min { ($0.delay ?? .zero) < ($1.delay ?? .zero) }
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("offset_ms", best?.offset)
        writer.field("delay_ms", best?.delay)
        writer.field("stratum", server?.stratum)
        writer.field("reference", server?.reference)
        writer.field("leap", server?.leap)
        writer.field("kiss", server?.kiss)
        writer.field("version", server?.version)
        writer.field("reference_time", server?.referenceTime.map(ReportValue.time) ?? .null)
        writer.field("root_delay_ms", server?.rootDelay)
        writer.field("root_dispersion_ms", server?.rootDispersion)
        writer.field("precision", server?.precision)
        writer.field("packets_sent", samples.count)
        writer.field("packets_received", samples.count { $0.status != .timeout })
        writer.array("samples", writer.admits(.probes, "samples") ? samples : []) { writer, sample in
            writer.field("status", sample.status.rawValue)
            writer.field("offset_ms", sample.offset)
            writer.field("delay_ms", sample.delay)
        }
        writer.field("port", Int(port))
        writer.field("resolve_ms", resolveTime)
        writer.field("ignored_answers", ignoredAnswers)
    }
}

extension NTPReport.Server {
    init(_ packet: NTPPacket, near now: WallTime) {
        version = Int(packet.version)
        stratum = Int(packet.stratum)
        leap = ["none", "insert", "delete", "unsynchronized"][Int(packet.leap & 3)]
        reference = packet.referenceText
        referenceTime = packet.reference.wallTime(near: now)
        rootDelay = NTPPacket.duration(packet.rootDelay)
        rootDispersion = NTPPacket.duration(packet.rootDispersion)
        precision = Int(packet.precision)
        kiss = packet.kissCode
    }
}
