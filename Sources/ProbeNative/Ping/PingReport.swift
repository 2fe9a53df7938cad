/// What ping found (docs/tools/ping.md). Written also of a ping that was cut: then with the packets that were settled.
public struct PingReport: Report, Hashable {
    public struct Packet: Sendable, Hashable {
        public enum Status: String, Sendable, Hashable {
            case reply, timeout, unreachable
            case sendError = "send_error"
        }
        /// From 1.
        public var seq: Int
        public var status: Status
        /// Nil without a reply, and where the clock stepped and its time is not known.
        public var rtt: Duration?
        /// Of the reply as it arrived.
        public var ttl: Int?
        /// Where the reply came from.
        public var from: IPAddress?
    }

    /// `liboping` or `tcp`.
    public var engine: String
    public var transport: PingParameters.Transport
    /// Where the packets went.
    public var address: IPAddress?
    /// Of TCP.
    public var port: UInt16?
    /// Bytes of ICMP payload.
    public var size: Int?
    public var resolveTime: Duration?
    public var packets: [Packet] = []

    /// Packets that left this node and whose fate is known.
    public var sent: Int { packets.count { $0.status != .sendError } }
    public var received: Int { packets.count { $0.status == .reply } }
    /// Percent; nil when nothing was sent.
    public var loss: Double? { sent == 0 ? nil : 100 * Double(sent - received) / Double(sent) }
    public var statistics: RoundTripStatistics { RoundTripStatistics(packets.compactMap(\.rtt)) }

    public func write(to writer: inout some ReportWriter) {
        let statistics = statistics
        writer.field("packets_sent", sent)
        writer.field("packets_received", received)
        writer.field("packet_loss", loss)
        writer.field("min_ms", statistics.minimum)
        writer.field("avg_ms", statistics.average)
        writer.field("max_ms", statistics.maximum)
        writer.field("stddev_ms", statistics.deviation)
        writer.field("median_ms", statistics.median)
        writer.field("jitter_ms", statistics.jitter)
        writer.field("engine", engine)
        writer.field("protocol", transport.rawValue)
        if let port { writer.field("port", Int(port)) }
        if let size { writer.field("size", size) }
        writer.field("resolve_ms", resolveTime)
        guard writer.admits(.probes, "packets") else { return }
        writer.array("packets", packets) { writer, packet in
            writer.field("seq", packet.seq)
            writer.field("rtt_ms", packet.rtt)
            writer.field("ttl", packet.ttl)
            writer.field("from", packet.from?.description)
            writer.field("status", packet.status.rawValue)
        }
    }
}
