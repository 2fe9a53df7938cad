/// What ping found (docs/tools/ping.md). Written also of a ping that was cut: then with the packets that were settled.
public struct PingReport: Report, Hashable {
    public struct Packet: Sendable, Hashable {
        public enum Status: String, Sendable, Hashable {
            case reply, timeout, unreachable
            /// Its reply came after its time; it counts as lost.
            case late
            /// A further reply to a packet that is listed by itself; counts as neither sent nor received.
            case duplicate
            case sendError = "send_error"
        }
        /// From 1.
        public var seq: Int
        public var status: Status
        /// Nil without a reply, and where the clock stepped and its time is not known.
        public var rtt: Duration?
        /// Of the reply as it arrived.
        public var ttl: Int?
        /// Where the reply, or the refusal, came from.
        public var from: IPAddress?
        /// What a refusal says, by a stable name (`ICMPError.reason`).
        public var reason: String?
    }

    /// `liboping`, `raw`, `datagram` or `tcp`; nil where there was none to be had.
    public var engine: String?
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
    public var sent: Int { packets.count { $0.status != .sendError && $0.status != .duplicate } }
    public var received: Int { packets.count { $0.status == .reply } }
    /// Percent; nil when nothing was sent.
    public var loss: Double? { sent == 0 ? nil : 100 * Double(sent - received) / Double(sent) }
    /// Of replies in time.
    public var statistics: RoundTripStatistics {
        RoundTripStatistics(packets.filter { $0.status == .reply }.compactMap(\.rtt))
    }

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
            if let reason = packet.reason { writer.field("reason", reason) }
        }
    }
}
