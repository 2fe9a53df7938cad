/// What path_mtu found (docs/tools/path_mtu.md).
public struct PathMTUReport: Report, Hashable {
    public struct Step: Sendable, Hashable {
        public enum Outcome: String, Sendable, Hashable {
            case fits
            case tooBig = "too_big"
            case silent
            case local
        }
        /// Bytes of the whole IP packet.
        public var size: Int
        public var outcome: Outcome
        /// Who answered.
        public var from: IPAddress?
        /// What a router said that its next hop takes.
        public var nextHopMTU: Int?
        public var rtt: Duration?
        /// How often it was sent.
        public var tries: Int
    }

    public var transport: TraceTransport
    public var address: IPAddress?
    public var resolveTime: Duration?
    public var mtu: Int?
    /// Packets that are too big vanish without a word.
    public var isBlackHole = false
    public var steps: [Step] = []

    /// The router that the path's smallest link follows, as far as one said so.
    public var limitedBy: IPAddress? { steps.last { $0.outcome == .tooBig && $0.from != nil }?.from }

    public func write(to writer: inout some ReportWriter) {
        writer.field("mtu", mtu)
        writer.field("limited_by", limitedBy?.description)
        writer.field("black_hole", isBlackHole)
        writer.field("protocol", transport.rawValue)
        writer.field("resolve_ms", resolveTime)
        writer.array("steps", steps) { writer, step in
            writer.field("size", step.size)
            writer.field("outcome", step.outcome.rawValue)
            writer.field("from", step.from?.description)
            writer.field("mtu", step.nextHopMTU)
            writer.field("rtt_ms", step.rtt)
            writer.field("tries", step.tries)
        }
    }
}
