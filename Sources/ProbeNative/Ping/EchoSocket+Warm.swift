import CLinux
import COping

#if canImport(Glibc)
    import Glibc
#endif

extension EchoSocket {
    /// Makes a fresh object open its raw socket by a first ping of the loopback address, and finds that socket.
    /// - Throws: `permission_denied` without CAP_NET_RAW.
    static func warm(_ object: OpaquePointer, _ family: IPAddress.Family) throws(ProbeFailure) -> Int32 {
        let loopback = family == .v4 ? "127.0.0.1" : "::1"
        // Only the socket is wanted; the answer is not waited for.
        var seconds = 0.01
        ping_setopt(object, PING_OPT_TIMEOUT, &seconds)
        // Debian's liboping opens the socket here, upstream's 1.10 in `ping_send`: errors are looked at after both, and
        // the socket is looked for when both are done.
        errno = 0
        guard ping_host_add(object, loopback) == 0 else { throw failure(Errno(rawValue: errno), object, family) }
        probe_oping_begin_send()
        errno = 0
        let status = ping_send(object)
        let error = Errno(rawValue: errno)
        var failed: Int32 = 0
        let sendFailed = probe_oping_end_send(&failed, 1) > 0
        ping_host_remove(object, loopback)
        // A refused loopback packet (a firewall's doing) leaves the socket as good as any.
        guard status >= 0 || sendFailed else { throw failure(error, object, family) }
        let fd = try find(object, family)
        do throws(Errno) {
            try Syscalls.setNonBlockingCloseOnExec(fd)
            try Syscalls.attach(.nothing, to: fd)
            // The kernel makes a copy of each packet that the filter program looks at, of those that are blocked by type
            // none: also requests to this node itself are packets that come in.
            if family == .v4 { try Syscalls.blockICMPTypes(fd, allBut: [UInt32(ICMPType.echoReply(.v4))]) }
        } catch { throw error.failure(.request, "preparing a raw socket") }
        Syscalls.drain(fd)
        return fd
    }

    private static func failure(
        _ error: Errno, _ object: OpaquePointer, _ family: IPAddress.Family
    ) -> ProbeFailure {
        guard error == .notPermitted || error == .accessDenied || !Capability.netRaw.isPermitted else {
            return ProbeFailure(
                .request, error.code == .localResourceExhausted ? error.code : .networkUnreachable,
                "This node cannot ping over IPv\(family.rawValue): \(String(cString: ping_get_error(object))).")
        }
        return .rawSocketsNotPermitted
    }

    /// The descriptor of the object's socket, which liboping tells nobody: the one raw ICMP socket whose TTL follows the
    /// object's, three random values long. Fails when there is not exactly one.
    private static func find(_ object: OpaquePointer, _ family: IPAddress.Family) throws(ProbeFailure) -> Int32 {
        let (proto, level, option) =
            family == .v4
            ? (Int32(IPPROTO_ICMP), Int32(IPPROTO_IP), IP_TTL)
            : (Int32(IPPROTO_ICMPV6), Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS)
        var candidates = (0..<Int32(FD_SETSIZE)).filter { Syscalls.isRawSocket($0, family.domain, proto) }
        for _ in 0..<3 {
            var ttl = Int32.random(in: 2...254)
            ping_setopt(object, PING_OPT_TTL, &ttl)
            candidates.removeAll { (try? Syscalls.option($0, level, option)) != ttl }
        }
        guard let fd = candidates.first, candidates.count == 1 else {
            throw ProbeFailure(
                .request, .internalError, "The raw socket of a ping object could not be told from others.")
        }
        return fd
    }
}
