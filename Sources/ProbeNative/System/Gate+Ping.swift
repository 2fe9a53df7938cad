import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// Datagram ICMP sockets (icmp(7)): ping without a capability.
extension Gate {
    /// A datagram ICMP socket with its descriptor's share; bound, so that the kernel has made its ident.
    final class PingSocket {
        private let descriptor: FileDescriptor
        private let share: Budget.Share
        let ident: UInt16
        var number: Int32 { descriptor.number }

        fileprivate init(_ descriptor: consuming FileDescriptor, ident: UInt16, _ share: Budget.Share) {
            self.descriptor = descriptor
            self.ident = ident
            self.share = share
        }
    }

    /// True where net.ipv4.ping_group_range has one of the process's groups (icmp(7)).
    static func mayOpenPing(_ family: IPAddress.Family) -> Bool { (try? pingDescriptor(family)) != nil }

    /// A socket for echo requests to `address` that needs no capability.
    /// - Throws: `permission_denied` where the kernel allows none; `policy_denied`, `local_resource_exhausted`.
    func openPing(
        to address: IPAddress, dontFragment: Bool, as request: PolicyRequest, source: Source?,
        until deadline: Instant
    ) async throws(ProbeFailure) -> PingSocket {
        var request = request
        request.address = address
        try check(request)
        // Refuses what is no source of this node or fits the address not.
        _ = try Self.control(Departure(source: source), address)
        let share = try await descriptors.draw(until: deadline, stage: .request)
        do throws(Errno) {
            let isV4 = address.family == .v4
            let descriptor = try Self.pingDescriptor(address.family)
            let any = isV4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
            if case .interface(let name) = source { try Syscalls.bindToDevice(descriptor.number, name) }
            var local = any
            if case .address(let asked) = source { local = asked }
            try Syscalls.bind(descriptor.number, to: SocketAddress(local, port: 0))
            let level = Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6)
            for option in isV4 ? [IP_RECVERR, IP_RECVTTL] : [IPV6_RECVERR, IPV6_RECVHOPLIMIT] {
                try Syscalls.setOption(descriptor.number, level, option, 1)
            }
            try Syscalls.setOption(descriptor.number, SOL_SOCKET, SO_TIMESTAMPNS, 1)
            if dontFragment || isV4 {
                let probing = isV4 ? (dontFragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT) : IPV6_PMTUDISC_PROBE
                try Syscalls.setOption(
                    descriptor.number, level, isV4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, probing)
            }
            if dontFragment, !isV4 { try Syscalls.setOption(descriptor.number, level, RawSockets.dontFragment6, 1) }
            let ident = try Syscalls.localAddress(descriptor.number)?.port ?? 0
            return PingSocket(descriptor, ident: ident, share)
        } catch {
            try Self.checkIsLocal(source)
            throw error.failure(.request, "opening a ping socket to \(address)")
        }
    }

    private static func pingDescriptor(_ family: IPAddress.Family) throws(Errno) -> FileDescriptor {
        let proto = Int32(family == .v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
        return try Syscalls.socket(family.domain, PROBE_SOCK_DGRAM, proto)
    }
}
