/// What mtr has found so far (docs/tools/mtr.md): the final report, and the partial one after each cycle.
public struct MTRReport: Report, Hashable {
    public struct Address: Sendable, Hashable {
        public var address: IPAddress
        public var statistics: MTRStatistics
    }

    public struct Hop: Sendable, Hashable {
        public var hop: Int
        public var statistics = MTRStatistics()
        /// The one that answered most first.
        public var addresses: [Address] = []
        /// It answers less often than hops behind it, so it forwards what it does not answer.
        public var isRateLimitSuspected = false
        public var labels: [MPLSLabel] = []

        init(hop: Int) { self.hop = hop }
    }

    public struct Change: Sendable, Hashable {
        /// From 1.
        public var cycle: Int
        public var flow: Int
        public var hop: Int
        public var from: IPAddress
        public var to: IPAddress
    }

    public var parameters: TraceParameters
    public var cyclesWanted: Int
    public var flows: Int
    public var address: IPAddress?
    public var resolveTime: Duration?
    public var facts = HopFacts()
    /// Cycles of which nothing is awaited any more.
    public var cyclesDone = 0
    var samples: MTRSamples

    init(parameters: TraceParameters, cycles: Int, flows: Int) {
        self.parameters = parameters
        cyclesWanted = cycles
        self.flows = flows
        samples = MTRSamples(flows: flows)
    }

    var analysis: MTRAnalysis { MTRAnalysis(samples) }
    public var hops: [Hop] { analysis.rows }
    public var changes: [Change] { analysis.changes }
    public var isReached: Bool { analysis.answers.contains { $0.kind == .target } }

    public func write(to writer: inout some ReportWriter) {
        let hops = hops
        writer.field("reached", isReached)
        writer.field("hop_count", hops.last?.hop)
        writer.field("cycles", cyclesDone)
        writer.field("flows", flows)
        let path = hops.map { (hop: $0.hop, addresses: Set($0.addresses.map(\.address))) }
        writer.field("path_hash", hops.isEmpty ? nil : PathHash.of(path))
        writer.field("protocol", parameters.transport.rawValue)
        if let port = parameters.port { writer.field("port", Int(port)) }
        writer.field("resolve_ms", resolveTime)
        writer.array("hops", hops) { writer, hop in write(hop, to: &writer) }
        writer.array("path_changes", changes) { writer, change in
            writer.field("cycle", change.cycle)
            writer.field("flow", change.flow)
            writer.field("hop", change.hop)
            writer.field("from", change.from.description)
            writer.field("to", change.to.description)
        }
    }

    private func write(_ hop: Hop, to writer: inout some ReportWriter) {
        let address = hop.addresses.first?.address
        writer.field("hop", hop.hop)
        writer.field("host", address?.description ?? "*")
        writer.field("hostname", address.flatMap { facts.names[$0] })
        writer.field("asn", address.flatMap { facts.networks[$0] })
        hop.statistics.write(to: &writer)
        writer.field("rate_limited_suspect", hop.isRateLimitSuspected)
        if !hop.labels.isEmpty { MPLSLabel.write(hop.labels, to: &writer) }
        guard writer.admits(.probes, "addresses") else { return }
        writer.array("addresses", hop.addresses) { writer, address in
            writer.field("host", address.address.description)
            writer.field("hostname", facts.names[address.address])
            if parameters.asksASN { writer.field("asn", facts.networks[address.address]) }
            address.statistics.write(to: &writer)
        }
    }
}
