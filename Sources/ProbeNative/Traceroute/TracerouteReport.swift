/// What traceroute found (docs/tools/traceroute.md). Also of one that was cut: the hops that were known.
public struct TracerouteReport: Report, Hashable {
    public struct Hop: Sendable, Hashable {
        public var hop: Int
        /// In the order of sending; nil: no answer.
        public var probes: [TraceAnswer?]

        /// The address that answered first.
        public var address: IPAddress? { probes.lazy.compactMap { $0?.from }.first }
        /// Of its fastest answer.
        public var rtt: Duration? { probes.compactMap { $0?.rtt }.min() }
        /// Every address that answered, in the order of sending.
        public var addresses: [IPAddress] {
            var seen: Set<IPAddress> = []
            return probes.compactMap { $0?.from }.filter { seen.insert($0).inserted }
        }
    }

    public var parameters: TraceParameters
    public var address: IPAddress?
    public var resolveTime: Duration?
    public var hops: [Hop] = []
    public var facts = HopFacts()

    public init(parameters: TraceParameters) { self.parameters = parameters }

    public var isReached: Bool { hops.contains { $0.probes.contains { $0?.kind == .target } } }

    /// The same for the same addresses at the same hops; changes with the path.
    public var pathHash: String {
        PathHash.of(hops.map { hop in (hop.hop, Set(hop.addresses)) })
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("reached", isReached)
        writer.field("hop_count", hops.last?.hop)
        writer.field("path_hash", hops.isEmpty ? nil : pathHash)
        writer.field("protocol", parameters.transport.rawValue)
        if let port = parameters.port { writer.field("port", Int(port)) }
        writer.field("resolve_ms", resolveTime)
        writer.array("hops", hops) { writer, hop in
            writer.field("hop", hop.hop)
            writer.field("host", hop.address?.description ?? "*")
            writer.field("hostname", hop.address.flatMap { facts.names[$0] })
            writer.field("ms", hop.rtt)
            if parameters.asksASN { writer.field("asn", hop.address.flatMap { facts.networks[$0] }) }
            guard writer.admits(.probes, "probes") else { return }
            writer.array("probes", hop.probes) { $1.write(to: &$0) }
        }
    }
}

extension Optional where Wrapped == TraceAnswer {
    /// The fields of one probe.
    fileprivate func write(to writer: inout some ReportWriter) {
        writer.field("from", self?.from.description)
        writer.field("rtt_ms", self?.rtt)
        writer.field("ttl", self?.hopLimit)
        writer.field("icmp_type", self?.icmpType)
        writer.field("icmp_code", self?.icmpCode)
        if let mtu = self?.mtu { writer.field("mtu", mtu) }
        if let labels = self?.labels, !labels.isEmpty { MPLSLabel.write(labels, to: &writer) }
        writer.field("status", self?.kind.rawValue ?? "timeout")
    }
}

extension MPLSLabel {
    static func write(_ labels: [MPLSLabel], to writer: inout some ReportWriter) {
        writer.array("mpls", labels) { writer, label in
            writer.field("label", label.label)
            writer.field("exp", label.experimental)
            writer.field("s", label.isBottom ? 1 : 0)
            writer.field("ttl", label.ttl)
        }
    }
}

/// A short name of a path, to see at a glance whether it has changed: FNV-1a, 64 bits.
enum PathHash {
    static func of(_ hops: [(hop: Int, addresses: Set<IPAddress>)]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (hop, addresses) in hops {
            let text = "\(hop) \(addresses.map(\.description).sorted().joined(separator: ","));"
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
