/// The packet that an ICMP error is about, as far as the error quotes it: its IP header and at least eight bytes of what
/// follows (RFC 792; RFC 1812 4.3.2.3 and RFC 4443 want more).
public struct QuotedPacket: Sendable, Hashable {
    public enum Transport: Sendable, Hashable {
        case echo(ident: UInt16, sequence: UInt16, checksum: UInt16, cookie: EchoCookie)
        /// The checksum tells probes of one flow apart; 0 where it was quoted as such.
        case udp(sourcePort: UInt16, destinationPort: UInt16, length: UInt16, checksum: UInt16)
        case tcp(sourcePort: UInt16, destinationPort: UInt16, sequence: UInt32)
        /// Another protocol, or a later fragment, which has no such header.
        case other
    }

    public var source: IPAddress
    public var destination: IPAddress
    public var protocolNumber: UInt8
    /// What was left of the TTL or hop limit where the error arose.
    public var hopLimit: UInt8
    /// Type of service or traffic class, as it arrived there.
    public var trafficClass: UInt8
    /// IPv4's; nil for an IPv6 packet that was no fragment.
    public var identification: UInt32?
    /// Of the whole packet, as its own header tells.
    public var totalLength: Int
    public var transport: Transport

    static let icmp: UInt8 = 1
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let icmpv6: UInt8 = 58

    /// Nil when `bytes` do not begin with an IP header of `family`.
    init?(_ bytes: WireBytes, _ family: IPAddress.Family) {
        guard let header = IPHeader(bytes, family), let rest = bytes.dropping(header.length) else { return nil }
        source = header.source
        destination = header.destination
        protocolNumber = header.protocolNumber
        hopLimit = header.hopLimit
        trafficClass = header.trafficClass
        identification = header.identification
        totalLength = header.totalLength
        transport = header.fragmentOffset == 0 ? Self.transport(rest, header.protocolNumber, family) : .other
    }

    /// From an error queue, which has the packet without its IP header: what that said is 0.
    init(echoTo destination: IPAddress, _ bytes: WireBytes) {
        let family = destination.family
        source = family == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
        self.destination = destination.withoutZone
        protocolNumber = family == .v4 ? Self.icmp : Self.icmpv6
        hopLimit = 0
        trafficClass = 0
        totalLength = 0
        transport = Self.transport(bytes, protocolNumber, family)
    }

    private static func transport(
        _ bytes: WireBytes, _ proto: UInt8, _ family: IPAddress.Family
    ) -> Transport {
        switch (proto, family) {
        case (icmp, .v4), (icmpv6, .v6):
            guard bytes.byte(0) == ICMPType.echoRequest(family), let checksum = bytes.half(2),
                let ident = bytes.half(4), let sequence = bytes.half(6), let payload = bytes.dropping(8)
            else { return .other }
            return .echo(ident: ident, sequence: sequence, checksum: checksum, cookie: EchoCookie(payload))
        case (udp, _):
            guard let source = bytes.half(0), let destination = bytes.half(2), let length = bytes.half(4),
                let checksum = bytes.half(6)
            else { return .other }
            return .udp(sourcePort: source, destinationPort: destination, length: length, checksum: checksum)
        case (tcp, _):
            guard let source = bytes.half(0), let destination = bytes.half(2), let sequence = bytes.word(4) else {
                return .other
            }
            return .tcp(sourcePort: source, destinationPort: destination, sequence: sequence)
        default: return .other
        }
    }
}
