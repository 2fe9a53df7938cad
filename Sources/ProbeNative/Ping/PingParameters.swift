public struct PingParameters: Sendable, Hashable {
    public enum Transport: String, Sendable, Hashable { case icmp, tcp }
    /// Who sends ICMP echo requests: liboping as long as it can do what is asked and has a thread free, or the one named.
    public enum Engine: String, Sendable, Hashable, CaseIterable { case auto, liboping, raw, datagram }

    /// Packets to send, 1-100.
    public var count: Int
    /// From one packet's sending to the next one's.
    public var interval: Duration
    /// For each packet.
    public var timeout: Duration
    /// Bytes of ICMP payload.
    public var size: Int
    public var ttl: Int
    public var tos: Int
    public var transport: Transport
    /// TCP only.
    public var port: UInt16
    public var stopOnReply: Bool
    public var dontFragment: Bool
    public var engine: Engine
    /// Asks for something that liboping cannot do.
    var exceedsLiboping: Bool

    init(_ reader: inout ParameterReader, _ common: CommonParameters) {
        count = reader.integer("count", default: 4, in: 1...100, help: "packets to send")
        interval = reader.milliseconds(
            "interval_ms", default: 1000, in: 10...60000, help: "time from one packet to the next")
        timeout = reader.milliseconds(
            "timeout_ms", default: 1000, in: 1...60000, help: "how long to wait for each reply")
        let size = reader.optionalInteger("size", in: 0...65500, unit: "bytes", help: "ICMP payload", shown: "56")
        ttl = reader.integer("ttl", default: 64, in: 1...255, help: "IP time to live, or hop limit")
        tos = reader.integer("tos", default: 0, in: 0...255, help: "IP type of service, or traffic class")
        dontFragment = reader.flag("dont_fragment", default: false, help: "forbid fragmentation")
        let name = reader.choice(
            "protocol", default: "icmp", of: ["icmp", "tcp"], help: "echo request, or TCP handshake")
        transport = Transport(rawValue: name) ?? .icmp
        port = UInt16(reader.integer("port", default: 80, in: 1...65535, help: "TCP port"))
        stopOnReply = reader.flag("stop_on_reply", default: false, help: "end with the first reply")
        let choices = Engine.allCases.map(\.rawValue)
        let engine = reader.optionalChoice("engine", of: choices, help: "who sends echo requests", shown: "auto")
        self.engine = engine.flatMap(Engine.init(rawValue:)) ?? .auto
        self.size = size ?? 56
        exceedsLiboping = self.size > EchoSocket.maximumSize || dontFragment || common.source != nil
        if transport == .tcp {
            if size != nil { reader.refuse("size has no meaning with protocol tcp: leave it out.") }
            if dontFragment { reader.refuse("dont_fragment has no meaning with protocol tcp: leave it out.") }
            if engine != nil { reader.refuse("engine has no meaning with protocol tcp: leave it out.") }
        } else if self.engine == .liboping, exceedsLiboping {
            // What it cannot do is refused, never ignored.
            reader.refuse(
                "engine liboping takes no source, no dont_fragment and a size of at most \(EchoSocket.maximumSize): "
                    + "leave it or them out.")
        }
    }

    /// At worst no packet is answered and the name's lookup takes its time.
    var expectedDuration: Duration {
        max(interval, timeout) * (count - 1) + timeout + .seconds(6)
    }

    func echo(to address: IPAddress) -> Echo {
        Echo(
            address: address, ttl: ttl, tos: tos, size: size, timeout: timeout,
            isImpatient: count > 1 && interval < timeout)
    }
}
