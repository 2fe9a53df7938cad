import CLinux

#if canImport(Glibc)
    import Glibc
#endif

/// Packets through sockets that many jobs share.
extension Gate {
    /// Sends one packet through a socket that many jobs share, opened at start-up (`RawSockets`).
    /// - Returns: false when the kernel's buffer is full: nothing was sent.
    /// - Throws: `policy_denied`; `network_unreachable`, `permission_denied`, `packet_too_big`, ... at stage `request`.
    func send(
        _ packet: UnsafeRawBufferPointer, through fd: Int32, to address: SocketAddress, _ departure: Departure,
        as request: PolicyRequest
    ) throws(ProbeFailure) -> Bool {
        var request = request
        request.address = address.address
        try check(request)
        let how = try Self.control(departure, address.address)
        do throws(Errno) {
            try Syscalls.sendPacket(fd, packet, to: address, how)
            return true
        } catch {
            switch error.rawValue {
            case EAGAIN, ENOBUFS: return false
            case EMSGSIZE:
                throw ProbeFailure(
                    .request, .packetTooBig,
                    "A packet to \(address.address) is larger than its interface takes unfragmented.")
            default:
                try Self.checkIsLocal(departure.source)
                throw error.failure(.request, "sending to \(address.address)")
            }
        }
    }

    /// After a send that failed: the kernel answers a source that is not this node's by the error of a missing route.
    static func checkIsLocal(_ source: Source?) throws(ProbeFailure) {
        guard case .address(let address) = source else { return }
        do throws(Errno) {
            let descriptor = try Syscalls.socket(address.family.domain, PROBE_SOCK_DGRAM, 0)
            try Syscalls.bind(descriptor.number, to: SocketAddress(address, port: 0))
        } catch {
            guard error.rawValue == EADDRNOTAVAIL else { return }
            throw ProbeFailure(.request, .invalidParameters, "source \(address) is no address of this node.")
        }
    }

    static func control(
        _ departure: Departure, _ address: IPAddress
    ) throws(ProbeFailure) -> probe_departure {
        var control = probe_departure()
        control.hop_limit = Int32(departure.hopLimit)
        control.traffic_class = Int32(departure.trafficClass)
        switch departure.source {
        case nil: break
        case .interface(let name):
            control.interface = Syscalls.interfaceIndex(name)
            if control.interface == 0 {
                throw ProbeFailure(
                    .request, .invalidParameters, "source \(name.quotedForMessage) is no interface of this node.")
            }
        case .address(let source):
            guard source.family == address.family else {
                throw ProbeFailure(
                    .request, .invalidParameters, "source \(source) is of another IP version than \(address).")
            }
            let bytes = source.bytes
            control.source_length = UInt32(bytes.count)
            withUnsafeMutableBytes(of: &control.source) { $0.copyBytes(from: bytes) }
        }
        return control
    }
}
