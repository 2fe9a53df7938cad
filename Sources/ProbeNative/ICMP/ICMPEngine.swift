/// A reactor's raw ICMP: everything on it that sends echo requests or waits for ICMP errors shares its sockets. Found by
/// `reactor.local(ICMPEngine.self)`; docs/internals/icmp.md has the whole picture.
public final class ICMPEngine: ReactorLocal {
    /// A UDP or TCP packet that was sent by another socket, as an ICMP error quotes it.
    public struct ProbeKey: Hashable, Sendable {
        public enum Transport: UInt8, Sendable { case tcp = 6, udp = 17 }
        public var transport: Transport
        public var destination: IPAddress
        public var sourcePort: UInt16
        public var destinationPort: UInt16

        public init(_ transport: Transport, to destination: SocketAddress, from sourcePort: UInt16) {
            self.transport = transport
            self.destination = destination.address.withoutZone
            destinationPort = destination.port
            self.sourcePort = sourcePort
        }
    }

    /// A flow takes itself out of the table before it ends.
    private struct Listener { unowned let flow: EchoFlow }

    private let reactor: Reactor
    private let share: RawSockets.Share?
    private let register: IdentRegister
    private var endpoints: [IPAddress.Family: ICMPEndpoint] = [:]
    private var flows: [UInt16: Listener] = [:]
    private var watches: [ProbeKey: (ICMPError) -> Void] = [:]
    private var nextIdent = UInt16.random(in: 0 ... .max)

    init(reactor: Reactor, share: RawSockets.Share?, register: IdentRegister = .shared) {
        self.reactor = reactor
        self.share = share
        self.register = register
    }

    /// Without sockets: each use says that they were not opened.
    public convenience init(reactor: Reactor) { self.init(reactor: reactor, share: nil) }

    /// Why raw ICMP over `family` is not possible; nil when it is.
    public func failure(_ family: IPAddress.Family) -> ProbeFailure? {
        switch share?.families[family] {
        case .success: nil
        case .failure(let failure): failure
        case nil: .rawSocketsNotOpened
        }
    }

    /// Packets that this reactor's receive buffer had no room for, since start-up. A prober compares it before and after:
    /// losses meanwhile may be the node's own.
    public func drops(_ family: IPAddress.Family) -> Int { endpoints[family]?.drops ?? 0 }

    /// Messages that passed the filter, since start-up.
    func received(_ family: IPAddress.Family) -> Int { endpoints[family]?.received ?? 0 }

    /// Takes in what has arrived. A prober whose wait is over calls it once before it believes that nothing came.
    public func read(_ family: IPAddress.Family) { endpoints[family]?.read() }

    // MARK: Echo requests

    /// An ident of its own for echo requests to one address, until the flow ends. Idents are given out in turn.
    /// - Parameter rest: how long after its end the ident is not given to others, beside 2 s: the packets' timeout. Only
    ///   where a request had no room for a whole cookie; else late replies are told by that, and an ident is free at
    ///   once: a node that opens more than 5,000 flows a second would run out of them.
    /// - Throws: `permission_denied` with the ways to grant it; `local_resource_exhausted` when all idents are in use.
    public func openEcho(to destination: IPAddress, rest: Duration) throws(ProbeFailure) -> EchoFlow {
        let endpoint = try endpoint(destination.family)
        do throws(Errno) { try endpoint.admitReplies() } catch {
            throw error.failure(.request, "filtering replies")
        }
        let ident = try claimIdent()
        let flow = EchoFlow(destination, ident: ident, through: endpoint, on: reactor) { [self] mustRest in
            close(ident, rest: mustRest ? rest : nil)
        }
        flows[flow.ident] = Listener(flow: flow)
        return flow
    }

    private func claimIdent() throws(ProbeFailure) -> UInt16 {
        guard let range = share?.idents else { throw .rawSocketsNotOpened }
        for _ in 0..<range.count {
            nextIdent &+= 1
            let ident = range.bits | nextIdent & ~range.mask
            if register.claim(ident, at: SystemTime().now) { return ident }
        }
        throw ProbeFailure(
            .request, .localResourceExhausted, "All ICMP identifiers are in use or resting: too many pings at once.")
    }

    private func close(_ ident: UInt16, rest: Duration?) {
        flows[ident] = nil
        if let rest { register.release(ident, at: SystemTime().now, after: rest) } else { register.release(ident) }
    }

    // MARK: Errors about other packets

    /// Calls `handler` on this reactor for each ICMP error about the packets that `key` describes, until the watch ends.
    /// - Throws: as `openEcho`; `local_resource_exhausted` when the key is watched already.
    public func watch(
        _ key: ProbeKey, _ handler: @escaping (ICMPError) -> Void
    ) throws(ProbeFailure) -> ICMPWatch {
        let endpoint = try endpoint(key.destination.family)
        guard watches[key] == nil else {
            throw ProbeFailure(
                .request, .localResourceExhausted, "Port \(key.sourcePort) is used by another probe of this address.")
        }
        do throws(Errno) { try endpoint.admitErrors(aboutTransport: true) } catch {
            throw error.failure(.request, "filtering ICMP errors")
        }
        watches[key] = handler
        return ICMPWatch(key, self)
    }

    func end(_ key: ProbeKey) {
        watches[key] = nil
        let family = key.destination.family
        guard !watches.keys.contains(where: { $0.destination.family == family }) else { return }
        // A filter that stays lets in more than is needed, nothing worse.
        try? endpoints[family]?.admitErrors(aboutTransport: false)
    }

    // MARK: -

    private func endpoint(_ family: IPAddress.Family) throws(ProbeFailure) -> ICMPEndpoint {
        if let made = endpoints[family] { return made }
        guard let share, let sockets = try share.families[family]?.get() else { throw .rawSocketsNotOpened }
        do throws(Errno) {
            let made = try ICMPEndpoint(family, sockets, idents: share.idents, on: reactor) { [unowned self] in
                deliver($0)
            }
            endpoints[family] = made
            return made
        } catch { throw error.failure(.request, "preparing a raw socket") }
    }

    private func deliver(_ arrival: ICMPEndpoint.Arrival) {
        switch arrival.message {
        case .reply(let reply): flows[reply.ident]?.flow.take(reply, arrival)
        case .error(let body):
            let error = ICMPError(body, arrival)
            switch body.quoted.transport {
            case .echo(let ident, let sequence, _, let cookie):
                flows[ident]?.flow.take(error, sequence: sequence, cookie: cookie)
            case .udp(let source, let destination, _, _): deliver(error, .udp, source, destination)
            case .tcp(let source, let destination, _): deliver(error, .tcp, source, destination)
            case .other: break
            }
        }
    }

    private func deliver(_ error: ICMPError, _ transport: ProbeKey.Transport, _ source: UInt16, _ port: UInt16) {
        let key = ProbeKey(transport, to: SocketAddress(error.quoted.destination, port: port), from: source)
        watches[key]?(error)
    }
}

/// Keeps a watch for ICMP errors; ends with it, or with `end`. Confined to its reactor's thread.
public final class ICMPWatch {
    private let key: ICMPEngine.ProbeKey
    private var engine: ICMPEngine?

    init(_ key: ICMPEngine.ProbeKey, _ engine: ICMPEngine) {
        self.key = key
        self.engine = engine
    }

    deinit { end() }

    public func end() { engine.take()?.end(key) }
}

extension ICMPError {
    init(_ body: ICMPErrorBody, _ arrival: ICMPEndpoint.Arrival) {
        self.init(
            from: arrival.from, type: body.type, code: body.code, receivedAt: arrival.receivedAt,
            clockStepped: arrival.clockStepped, hopLimit: arrival.hopLimit, nextHopMTU: body.nextHopMTU,
            quoted: body.quoted, extensions: body.extensions)
    }
}
