/// What a port_check is asked for (docs/tools/port_check.md).
public struct PortCheckParameters: Sendable, Hashable {
    public var ports: PortSet
    public var transport: Gate.Transport
    /// For each port.
    public var timeout: Duration
    /// Ports a second.
    public var rate: Int
    /// Ports at a time.
    public var parallel: Int
    /// Read what an open TCP port says.
    public var banner: Bool
    /// UDP: instead of the request that fits the port. TCP: before the banner is read.
    public var send: [UInt8]?

    static let longestSend = 1024

    /// As what the policy is asked for a port.
    var purpose: Purpose { banner ? .banner : .target }

    init(_ reader: inout ParameterReader) {
        let ports = reader.value(
            "ports", .list, help: "ports and ranges: 80, 22,443 or 1-1024", shown: "the twenty most common")
        transport =
            reader.choice("protocol", default: "tcp", of: ["tcp", "udp"], help: "what to try") == "udp" ? .udp : .tcp
        timeout = reader.milliseconds(
            "timeout_ms", default: 2000, in: 10...60000, help: "how long to wait for each port")
        rate = reader.integer(
            "rate", default: 1000, in: 1...100_000, unit: "ports/s", help: "how many ports to try in a second")
        parallel = reader.integer("parallel", default: 100, in: 1...1000, help: "how many ports to try at a time")
        let banner = reader.flag("banner", default: false, help: "read what an open TCP port says first")
        let send = reader.optionalText(
            "send", limit: Self.longestSend, multiline: true,
            help: "what to send to each port, with \\r \\n \\t \\0 \\xHH: over udp instead of a request that fits the "
                + "port, over tcp before its answer is read as banner")
        self.send = send.flatMap(EscapedBytes.parse)
        self.banner = transport == .tcp && (banner || send != nil)
        self.ports = PortSet.common
        if let send, self.send == nil {
            reader.refuse("send", .string(send), "text with no other escapes than \\r \\n \\t \\0 \\\\ \\xHH")
        }
        guard let ports else { return }
        if let set = PortSet(ports) {
            self.ports = set
        } else {
            reader.refuse(
                "ports", ports, "ports from 1 to 65535, such as 80, \"22,443\", \"1-1024\" or a list of those")
        }
    }

    /// At worst nothing answers and the name's lookup takes its time.
    var expectedDuration: Duration {
        let paced = Duration.seconds(fromDouble: Double(ports.ports.count) / Double(rate))
        let rounds = (ports.ports.count + parallel - 1) / parallel
        return min(.seconds(600), max(paced, timeout * rounds) + timeout * (banner ? 2 : 1) + .seconds(6))
    }
}
