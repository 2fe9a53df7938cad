import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// What an ICMP or ICMPv6 error says that the kernel matched to a socket: a router, a firewall or the host itself about a
/// packet of ours.
struct ICMPNotice: Sendable, Hashable {
    var family: IPAddress.Family
    var type: UInt8
    var code: UInt8
    /// Who said so.
    var sender: IPAddress?

    func isFrom(_ host: IPAddress) -> Bool { sender == nil || sender?.withoutZone == host.withoutZone }

    /// As `ICMPError` names it.
    var reason: String { ICMPError.reason(family, type, code) }
}

extension Socket {
    /// Asks the kernel to keep ICMP errors with their type, code and sender (IP_RECVERR; for TCP while it connects:
    /// Linux 5.8). Before `connect`.
    func keepICMPErrors(_ family: IPAddress.Family) {
        let isV4 = family == .v4
        try? Syscalls.setOption(
            number, Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6), isV4 ? IP_RECVERR : IPV6_RECVERR, 1)
    }

    /// The first ICMP error in the queue; others are taken out of its way.
    func takeICMPError(_ family: IPAddress.Family) -> ICMPNotice? {
        var arrival = probe_arrival()
        // The quoted packet is of no interest.
        var quoted: UInt8 = 0
        while Syscalls.receiveError(number, into: &quoted, slotSize: 1, &arrival) {
            guard [SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6].contains(Int32(arrival.error_origin)) else { continue }
            return ICMPNotice(
                family: family, type: arrival.error_type, code: arrival.error_code,
                sender: SocketAddress(arrival.offender)?.address)
        }
        return nil
    }
}
