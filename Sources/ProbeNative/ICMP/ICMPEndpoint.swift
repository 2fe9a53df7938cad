import DequeModule

/// One family's raw ICMP sockets on one reactor: paces what is sent, decodes what comes in.
final class ICMPEndpoint: EchoDoor {
    /// A decoded message with what is known about its packet.
    struct Arrival {
        var message: ICMPMessage
        var from: IPAddress
        var hopLimit: Int?
        /// Bytes behind the ICMP header.
        var size: Int
        var receivedAt: Instant
        var clockStepped: Bool
    }

    private final class Waiter {
        let size: Int
        var token: WaitToken?
        var ticket: Pacer.Ticket?
        init(size: Int) { self.size = size }
    }

    let family: IPAddress.Family
    private let reactor: Reactor
    private let sockets: RawSockets.Family
    private let deliver: (Arrival) -> Void
    private var receiver: RawReceiver?
    private var filter: ICMPFilter
    private var isFilterInForce = false
    private var pacer: Pacer
    private var waiters: Deque<Waiter> = []
    private var timer: Reactor.TimerToken?
    private var knownDrops: (turn: UInt64, count: Int)?
    /// Packets that passed the filter.
    private(set) var received = 0

    init(
        _ family: IPAddress.Family, _ sockets: RawSockets.Family, idents: IdentRange, on reactor: Reactor,
        deliver: @escaping (Arrival) -> Void
    ) throws(Errno) {
        self.family = family
        self.sockets = sockets
        self.reactor = reactor
        self.deliver = deliver
        filter = ICMPFilter(family: family, idents: idents, admitsTransportErrors: false)
        pacer = Pacer(receiveBuffer: sockets.receiveBuffer)
        receiver = try RawReceiver(sockets.icmp.number, on: reactor) { [unowned self] in take($0) }
    }

    /// Packets that the receive buffer had no room for, since start-up. Those of strangers are among them. As of this turn
    /// of the reactor, or of the last `read` in it.
    var drops: Int {
        if let knownDrops, knownDrops.turn == reactor.turn { return knownDrops.count }
        let count = Syscalls.dropCount(sockets.icmp.number)
        knownDrops = (reactor.turn, count)
        return count
    }

    /// Must be called before the first packet leaves, and whenever watching for UDP and TCP begins or ends.
    func admitErrors(aboutTransport isWanted: Bool) throws(Errno) {
        guard !isFilterInForce || filter.admitsTransportErrors != isWanted else { return }
        filter.admitsTransportErrors = isWanted
        try Syscalls.attach(filter.program, to: sockets.icmp.number)
        isFilterInForce = true
    }

    /// The filter of replies, if there is none yet.
    func admitReplies() throws(Errno) {
        if !isFilterInForce { try admitErrors(aboutTransport: false) }
    }

    /// Takes in what the kernel has.
    func read() {
        _ = receiver?.read()
        // What was dropped up to now may be what the caller waits for in vain.
        knownDrops = nil
    }

    // MARK: Sending

    /// Waits until a packet with this payload may be sent.
    nonisolated(nonsending) func admit(size: Int, until deadline: Instant) async throws(ProbeFailure) -> Pacer.Ticket {
        if waiters.isEmpty, let ticket = tryAdmit(size: size) { return ticket }
        let waiter = Waiter(size: size)
        waiters.append(waiter)
        serve()
        while waiter.ticket == nil {
            let reason = await reactor.park(until: deadline) { waiter.token = $0 }
            if reason == .ready { continue }
            waiters.removeAll { $0 === waiter }
            if let ticket = waiter.ticket { pacer.giveBack(ticket) }
            serve()
            if reason == .cancelled { throw .cancelled(.request) }
            throw .deadline(.request)
        }
        return waiter.ticket ?? 0
    }

    func giveBack(_ ticket: Pacer.Ticket) {
        pacer.giveBack(ticket)
        if !waiters.isEmpty { serve() }
    }

    private func tryAdmit(size: Int) -> Pacer.Ticket? {
        if let ticket = pacer.admit(size: size, at: reactor.now) { return ticket }
        guard receiver?.read() == true else { return nil }
        pacer.expire(at: reactor.now)
        return pacer.admit(size: size, at: reactor.now)
    }

    private func serve() {
        while let first = waiters.first, let ticket = tryAdmit(size: first.size) {
            // Reading may have served it.
            guard first === waiters.first, first.ticket == nil else {
                pacer.giveBack(ticket)
                continue
            }
            waiters.removeFirst()
            first.ticket = ticket
            if let token = first.token { reactor.wake(token) }
        }
        guard !waiters.isEmpty, timer == nil, let expiry = pacer.nextExpiry else { return }
        timer = reactor.schedule(at: expiry) { [weak self] in
            self?.timer = nil
            self?.serve()
        }
    }

    /// The moment before a packet is sent.
    func sendTime() -> Instant { receiver?.sendTime() ?? reactor.now }

    func descriptor(dontFragment: Bool) -> Int32 { dontFragment ? sockets.whole.number : sockets.icmp.number }

    // MARK: Receiving

    private func take(_ packet: RawReceiver.Packet) {
        received += 1
        var bytes = packet.bytes
        var hopLimit = packet.hopLimit
        if family == .v4 {
            guard let header = IPHeader(bytes, .v4), header.protocolNumber == QuotedPacket.icmp,
                let body = bytes.dropping(header.length)
            else { return }
            // A raw IPv4 socket sees packets before ICMP's checksum was looked at; of one that did not fit into its
            // slot it cannot be.
            if bytes.count == packet.length, body.onesSum() != 0xffff { return }
            bytes = body
            hopLimit = Int(header.hopLimit)
        }
        let head = packet.bytes.count - bytes.count
        guard let message = ICMPMessage(bytes, family) else { return }
        deliver(
            Arrival(
                message: message, from: packet.from, hopLimit: hopLimit, size: packet.length - head - 8,
                receivedAt: packet.receivedAt, clockStepped: packet.clockStepped))
    }
}
