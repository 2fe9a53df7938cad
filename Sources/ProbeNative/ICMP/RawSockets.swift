import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// The raw sockets of a node: for each reactor and family one for ICMP, one for ICMP that sends with "don't fragment",
/// and one for TCP. Opened at start-up, while there is one thread and the permission may still be had; each lets nothing
/// in until its reactor needs it.
public final class RawSockets: Sendable {
    /// One family's sockets of one reactor.
    final class Family: Sendable {
        /// Receives; sends packets that may be fragmented.
        let icmp: FileDescriptor
        /// Sends with "don't fragment" whatever path MTU the kernel knows of (IP_PMTUDISC_PROBE); receives nothing.
        let whole: FileDescriptor
        let tcp: FileDescriptor
        /// Of `icmp`, as the kernel counts it.
        let receiveBuffer: Int

        fileprivate init(_ family: IPAddress.Family, receiveBuffer wanted: Int) throws(Errno) {
            let proto = Int32(family == .v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
            icmp = try RawSockets.open(family, proto)
            whole = try RawSockets.open(family, proto)
            tcp = try RawSockets.open(family, Int32(IPPROTO_TCP))
            receiveBuffer = try Syscalls.setReceiveBuffer(icmp.number, wanted)
            // A few traces at once: each has some answers of the target under way.
            _ = try Syscalls.setReceiveBuffer(tcp.number, wanted)
            try RawSockets.prepareReceiving(icmp.number, family)
            try RawSockets.prepareReceiving(tcp.number, family)
            for sender in [icmp.number, whole.number, tcp.number] {
                // Room for some packets of 64 KiB that wait for their device.
                try Syscalls.setOption(sender, SOL_SOCKET, SO_SNDBUF, 1 << 20)
            }
            let isV4 = family == .v4
            if isV4 {
                let wanted = [UInt32(ICMPType.echoReply(.v4))] + ICMPType.errors(.v4).map(UInt32.init)
                try Syscalls.blockICMPTypes(icmp.number, allBut: wanted)
                // Before the kernel makes a copy for it, as it does of each packet for a filter program.
                try Syscalls.blockICMPTypes(whole.number, allBut: [])
                // The kernel's default sets "don't fragment" on what fits the path MTU that it knows (ip(7)).
                try Syscalls.setOption(icmp.number, Int32(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
            }
            for sender in [whole.number, tcp.number] {
                try Syscalls.setOption(
                    sender, Int32(isV4 ? IPPROTO_IP : IPPROTO_IPV6), isV4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
                    isV4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE)
                if !isV4 { try Syscalls.setOption(sender, Int32(IPPROTO_IPV6), RawSockets.dontFragment6, 1) }
            }
        }
    }

    /// What one reactor gets.
    struct Share: Sendable {
        var idents: IdentRange
        /// Local ports of TCP probes. Above those that the kernel gives to connections (ip_local_port_range).
        var ports: ClosedRange<UInt16>
        var families: [IPAddress.Family: Result<Family, ProbeFailure>]
    }

    /// IPV6_DONTFRAG of linux/in6.h, which Glibc's Swift module does not show in every version.
    static let dontFragment6: Int32 = 62
    private static let ports: ClosedRange<UInt16> = 61000...64999
    /// Twelve thousand small packets, or some hundred of 64 KiB.
    public static let defaultReceiveBuffer = 8 << 20

    let shares: [Share]
    /// How many reactors they are for.
    public var count: Int { shares.count }

    private init(_ shares: [Share]) { self.shares = shares }

    /// Opens the sockets of `reactors` reactors; CAP_NET_RAW is raised meanwhile where the process may. To be called
    /// before other threads exist. Never fails: a family that could not be opened says why.
    /// - Parameter receiveBuffer: bytes of each ICMP socket as the kernel counts them (twice what SO_RCVBUF takes);
    ///   bounded by net.core.rmem_max without CAP_NET_ADMIN.
    public static func open(
        reactors: Int = ReactorGroup.defaultCount, receiveBuffer: Int = defaultReceiveBuffer
    ) -> RawSockets {
        Capability.netRaw.whileRaised {
            let width = UInt16(ports.count / max(1, reactors))
            return RawSockets(
                (0..<max(1, reactors)).map { index in
                    let first = ports.lowerBound + UInt16(index) * width
                    return Share(
                        idents: IdentRange(reactor: index, of: reactors), ports: first...(first + width - 1),
                        families: Dictionary(
                            uniqueKeysWithValues: IPAddress.Family.allCases.map { ($0, family($0, receiveBuffer)) }))
                })
        }
    }

    /// The first `count` reactors' sockets, and the others' for another engine of this process.
    public func split(at count: Int) -> (RawSockets, RawSockets) {
        (RawSockets(Array(shares.prefix(count))), RawSockets(Array(shares.dropFirst(count))))
    }

    /// Why `family` has no raw sockets; nil when it has.
    public func failure(_ family: IPAddress.Family) -> ProbeFailure? {
        guard case .failure(let failure) = shares.first?.families[family] else { return nil }
        return failure
    }

    private static func family(_ family: IPAddress.Family, _ receiveBuffer: Int) -> Result<Family, ProbeFailure> {
        do throws(Errno) { return .success(try Family(family, receiveBuffer: receiveBuffer)) } catch {
            if error == .notPermitted || error == .accessDenied { return .failure(.rawSocketsNotPermitted) }
            return .failure(error.failure(.request, "opening a raw IPv\(family.rawValue) socket"))
        }
    }

    /// Lets nothing in yet.
    private static func open(_ family: IPAddress.Family, _ proto: Int32) throws(Errno) -> FileDescriptor {
        let descriptor = try Syscalls.socket(family.domain, PROBE_SOCK_RAW, proto)
        try Syscalls.attach(.nothing, to: descriptor.number)
        Syscalls.drain(descriptor.number)
        return descriptor
    }

    private static func prepareReceiving(_ fd: Int32, _ family: IPAddress.Family) throws(Errno) {
        try Syscalls.setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1)
        try Syscalls.setOption(fd, SOL_SOCKET, SO_RXQ_OVFL, 1)
        // Over IPv4 the TTL is in the header that raw sockets see.
        if family == .v6 { try Syscalls.setOption(fd, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1) }
    }
}

extension ProbeFailure {
    /// A raw socket was refused (capabilities(7)), with the ways to change that.
    static let rawSocketsNotPermitted = ProbeFailure(
        .request, .permissionDenied,
        "Ping and traceroute need the capability CAP_NET_RAW, which this node does not have: grant it with "
            + "`setcap cap_net_raw+p probe-agent`, `docker run --cap-add NET_RAW`, "
            + "or `AmbientCapabilities=CAP_NET_RAW` in the systemd unit.")

    /// Of an engine that was made without `RawSockets`.
    static let rawSocketsNotOpened = ProbeFailure(
        .request, .internalError, "The raw sockets were not opened at start-up.")
}
