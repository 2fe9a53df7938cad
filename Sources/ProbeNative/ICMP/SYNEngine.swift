/// A reactor's raw TCP: SYN probes that open no connection, for traceroute. Found by `reactor.local(SYNEngine.self)`.
///
/// The ports lie above those that the kernel gives to connections. It knows nothing of these probes, so it answers each
/// SYN-ACK with RST, which is what ends the handshake at the far side.
public final class SYNEngine: ReactorLocal {
    private struct Listener { weak var flow: SYNFlow? }

    private let reactor: Reactor
    private let share: RawSockets.Share?
    private var receivers: [IPAddress.Family: RawReceiver] = [:]
    private var flows: [UInt16: Listener] = [:]
    private var nextPort: UInt16

    init(reactor: Reactor, share: RawSockets.Share?) {
        self.reactor = reactor
        self.share = share
        nextPort = share?.ports.randomElement() ?? 0
    }

    /// Without sockets: each use says that they were not opened.
    public convenience init(reactor: Reactor) { self.init(reactor: reactor, share: nil) }

    /// A flow of SYN probes to one port, with a local port of its own until it ends. ICMP errors about them are among its
    /// events.
    /// - Throws: `policy_denied`; `permission_denied` with the ways to grant it; `network_unreachable`;
    ///   `local_resource_exhausted` when all ports are in use.
    public func open(to remote: SocketAddress, in context: ProbeContext) throws(ProbeFailure) -> SYNFlow {
        guard let share, let sockets = try share.families[remote.address.family]?.get() else {
            throw .rawSocketsNotOpened
        }
        let request = context.request(.target, remote.address, port: remote.port)
        let local = try context.gate.sourceAddress(towards: remote.address, source: context.source, as: request)
        let receiver = try receiver(remote.address.family, sockets)
        let flow = SYNFlow(
            from: SocketAddress(local, port: try claimPort(share.ports)), to: remote, sockets.tcp.number, self,
            receiver,
            reactor)
        flows[flow.local.port] = Listener(flow: flow)
        try filter(remote.address.family, sockets)
        try flow.watch(reactor.local(ICMPEngine.self))
        return flow
    }

    private func claimPort(_ ports: ClosedRange<UInt16>) throws(ProbeFailure) -> UInt16 {
        for _ in ports {
            nextPort = nextPort < ports.upperBound ? nextPort + 1 : ports.lowerBound
            if flows[nextPort] == nil { return nextPort }
        }
        throw ProbeFailure(.request, .localResourceExhausted, "All ports for TCP probes are in use.")
    }

    func close(_ port: UInt16, _ family: IPAddress.Family) {
        flows[port] = nil
        guard !flows.values.contains(where: { $0.flow?.local.address.family == family }),
            case .success(let sockets) = share?.families[family]
        else { return }
        // Fails only where the kernel has no memory for it: then the old one lets in more than is needed.
        try? Syscalls.attach(.nothing, to: sockets.tcp.number)
    }

    private func filter(_ family: IPAddress.Family, _ sockets: RawSockets.Family) throws(ProbeFailure) {
        guard let ports = share?.ports else { return }
        do throws(Errno) {
            try Syscalls.attach(TCPFilter(family: family, ports: ports).program, to: sockets.tcp.number)
        } catch { throw error.failure(.request, "filtering TCP answers") }
    }

    private func receiver(
        _ family: IPAddress.Family, _ sockets: RawSockets.Family
    ) throws(ProbeFailure) -> RawReceiver {
        if let made = receivers[family] { return made }
        do throws(Errno) {
            let made = try RawReceiver(sockets.tcp.number, on: reactor) { [unowned self] in take($0, family) }
            receivers[family] = made
            return made
        } catch { throw error.failure(.request, "preparing a raw socket") }
    }

    private func take(_ packet: RawReceiver.Packet, _ family: IPAddress.Family) {
        var bytes = packet.bytes
        var hopLimit = packet.hopLimit
        if family == .v4 {
            guard let header = IPHeader(bytes, .v4), header.protocolNumber == QuotedPacket.tcp,
                header.fragmentOffset == 0, let body = bytes.dropping(header.length)
            else { return }
            bytes = body
            hopLimit = Int(header.hopLimit)
        }
        guard let segment = TCPSegment(bytes), let flow = flows[segment.destinationPort]?.flow else { return }
        flow.take(segment, packet, hopLimit)
    }
}
