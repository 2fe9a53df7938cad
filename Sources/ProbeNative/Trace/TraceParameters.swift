/// What traceroute and mtr are asked, read and checked once.
public struct TraceParameters: Sendable, Hashable {
    public var transport: TraceTransport
    /// Of the target; nil with ICMP.
    public var port: UInt16?
    public var firstHop: Int
    public var maxHops: Int
    /// How long each probe waits for its answer.
    public var timeout: Duration
    /// So many silent hops end the trace.
    public var gapLimit: Int
    /// Bytes of the whole IP packet.
    public var size: Int
    public var flow: Int
    public var resolvesNames: Bool
    public var asksASN: Bool

    /// The least that a probe takes over IPv6.
    static let sizes = 60...9000
    static let largestFlow = 255

    /// - Parameter middle: reads what a tool has of its own, between the path and the rest.
    init(_ reader: inout ParameterReader, middle: (inout ParameterReader) -> Void) {
        let name = reader.choice(
            "protocol", default: "udp", of: TraceTransport.allCases.map(\.rawValue),
            help: "what probes are: UDP datagrams, echo requests or TCP SYNs")
        let transport = TraceTransport(rawValue: name) ?? .udp
        let port = reader.optionalInteger(
            "port", in: 1...65535, help: "the target's port, of udp (33434) and tcp (80)")
        firstHop = reader.integer("first_hop", default: 1, in: 1...64, help: "the hop to begin with")
        maxHops = reader.integer("max_hops", default: 30, in: 1...64, help: "the farthest hop to ask")
        middle(&reader)
        timeout = reader.milliseconds(
            "timeout_ms", default: 1000, in: 10...10000, help: "how long to wait for each answer")
        gapLimit = reader.integer("gap_limit", default: 5, in: 1...64, help: "so many silent hops end it")
        let size = reader.optionalInteger(
            "size", in: Self.sizes, unit: "bytes", help: "the whole packet, of udp and icmp", shown: "60")
        flow = reader.integer(
            "flow", default: 0, in: 0...Self.largestFlow,
            help: "another number may take another of several equal paths")
        resolvesNames = reader.flag("resolve_names", default: true, help: "look up the hops' names")
        asksASN = reader.flag(
            "asn", default: false, help: "look up the hops' networks (at origin.asn.cymru.com)")
        self.transport = transport
        self.size = size ?? 60
        self.port = transport == .icmp ? nil : UInt16(port ?? (transport == .udp ? 33434 : 80))
        if firstHop > maxHops {
            reader.refuse("first_hop must be at most max_hops (\(maxHops)), not \(firstHop).")
        }
        if transport == .icmp, port != nil { reader.refuse("port has no meaning with protocol icmp: leave it out.") }
        if transport == .tcp, size != nil { reader.refuse("size has no meaning with protocol tcp: leave it out.") }
    }

    /// At worst every gap is waited for.
    var slowestPass: Duration { timeout * (gapLimit + 1) + .seconds(2) }

    /// One flow of probes to `address`.
    func open(
        _ number: Int, to address: IPAddress, in context: ProbeContext
    ) async throws(ProbeFailure) -> any TraceFlow {
        switch transport {
        case .icmp: return try EchoTraceFlow(to: address, packetSize: size, timeout: timeout, in: context)
        case .tcp: return try SYNTraceFlow(to: SocketAddress(address, port: port ?? 80), in: context)
        case .udp:
            return try await UDPTraceFlow.open(
                to: SocketAddress(address, port: port ?? 33434), flow: flow + number, packetSize: size, in: context)
        }
    }
}
