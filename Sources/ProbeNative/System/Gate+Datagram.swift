import CLinux

#if canImport(Glibc)
    import Glibc
#endif

extension Gate {
    /// A UDP socket that sends from `port`, connected. Nil when another socket has that port.
    /// - Parameter isShared: other sockets may have it, too, for other addresses (or watch the same packets' errors).
    /// - Throws: `policy_denied`; `local_resource_exhausted` when no descriptor came free in time; at stage `request`
    ///   `network_unreachable`, `permission_denied`, ...
    func connectDatagram(
        to address: SocketAddress, fromPort port: UInt16, isShared: Bool, as request: PolicyRequest, source: Source?,
        until deadline: Instant
    ) async throws(ProbeFailure) -> Socket? {
        var request = request
        request.address = address.address
        request.port = address.port
        try check(request)
        let share = try await descriptors.draw(until: deadline, stage: .request)
        let family = address.address.family
        do throws(Errno) {
            let descriptor = try Syscalls.socket(family.domain, PROBE_SOCK_DGRAM, 0)
            if isShared { try Syscalls.setOption(descriptor.number, SOL_SOCKET, SO_REUSEADDR, 1) }
            var local = family == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
            switch source {
            case nil: break
            case .interface(let name): try Syscalls.bindToDevice(descriptor.number, name)
            case .address(let wanted):
                guard wanted.family == family else { throw Errno(rawValue: EAFNOSUPPORT) }
                local = wanted
            }
            try Syscalls.bind(descriptor.number, to: SocketAddress(local, port: port))
            try Syscalls.connect(descriptor.number, to: address)
            return try Socket(reactor, descriptor, share)
        } catch {
            if error.rawValue == EADDRINUSE { return nil }
            throw error.failure(.request, "opening a socket to \(address)")
        }
    }
}
