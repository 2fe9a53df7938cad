import CLinux

/// Reads a socket of many packets: in batches, with the time at which the kernel took each packet in. Confined to its
/// reactor's thread.
final class RawReceiver {
    /// A packet as it came in; `bytes` are valid during the call that hands it over.
    struct Packet {
        var bytes: WireBytes
        var from: IPAddress
        /// Of the whole packet; more than `bytes` where it did not fit.
        var length: Int
        /// By control message.
        var hopLimit: Int?
        var receivedAt: Instant
        var clockStepped: Bool
    }

    /// An ICMP error from a socket's error queue (IP_RECVERR); `bytes` is the packet that it is about, from its
    /// transport header on, as far as it was quoted.
    struct QueuedError {
        var bytes: WireBytes
        var destination: IPAddress
        /// Who sent the error; nil where this node itself refused the packet.
        var from: IPAddress?
        var type: UInt8
        var code: UInt8
        /// The MTU, where the error tells one.
        var info: UInt32
        var receivedAt: Instant
        var clockStepped: Bool
    }

    /// Packets read at a go before the reactor looks at others; the socket is level-triggered.
    private static let batchesPerTurn = 64

    private let fd: Int32
    private let slots: PacketSlots
    private let handle: (Packet) -> Void
    private let handleError: ((QueuedError) -> Void)?
    private let readClocks: () -> ClockPair
    private var clock: StampClock
    private var registration: Registration?

    /// The descriptor outlives the receiver.
    /// - Parameter errors: takes the entries of the error queue, for a socket that has one.
    init(
        _ fd: Int32, on reactor: Reactor, clocks: @escaping () -> ClockPair = { ClockPair.now },
        errors handleError: ((QueuedError) -> Void)? = nil, _ handle: @escaping (Packet) -> Void
    ) throws(Errno) {
        self.fd = fd
        self.handle = handle
        self.handleError = handleError
        readClocks = clocks
        clock = StampClock(clocks())
        slots = reactor.local(PacketSlots.self)
        registration = try reactor.register(fd, .readable) { [weak self] _ in self?.read() }
    }

    deinit { registration?.cancel() }

    /// The moment before a packet is sent.
    func sendTime() -> Instant {
        let pair = readClocks()
        clock.note(pair)
        return Instant(nanoseconds: pair.monotonic)
    }

    /// Takes in what the kernel has. Also called before a packet is given up: its reply may be there already.
    /// - Returns: true when nothing was left.
    @discardableResult
    func read() -> Bool {
        // From a handler: what it would find is read by the loop that it was called from.
        guard !slots.isInUse else { return false }
        slots.isInUse = true
        defer { slots.isInUse = false }
        if handleError != nil { readErrors() }
        for _ in 0..<Self.batchesPerTurn {
            let count = Syscalls.receivePackets(fd, into: slots.bytes, slotSize: PacketSlots.size, slots.arrivals)
            let pair = readClocks()
            clock.note(pair)
            for index in 0..<count { hand(index, pair) }
            if count < PacketSlots.count {
                clock.noteDrained()
                return true
            }
        }
        return false
    }

    private func hand(_ index: Int, _ pair: ClockPair) {
        let arrival = slots.arrivals[index]
        guard let from = SocketAddress(arrival.from)?.address else { return }
        let (instant, stepped) = clock.instant(of: arrival.stamp, readAt: pair)
        handle(
            Packet(
                bytes: slots.packet(index), from: from, length: Int(arrival.length),
                hopLimit: arrival.hop_limit < 0 ? nil : Int(arrival.hop_limit), receivedAt: instant,
                clockStepped: stepped))
    }

    /// The queue is bounded by the receive buffer, so this ends.
    private func readErrors() {
        while Syscalls.receiveError(fd, into: slots.bytes, slotSize: PacketSlots.size, &slots.arrivals[0]) {
            let pair = readClocks()
            clock.note(pair)
            let arrival = slots.arrivals[0]
            guard let destination = SocketAddress(arrival.from)?.address else { continue }
            let (instant, stepped) = clock.instant(of: arrival.stamp, readAt: pair)
            handleError?(
                QueuedError(
                    bytes: slots.packet(0), destination: destination,
                    from: SocketAddress(arrival.offender)?.address, type: arrival.error_type,
                    code: arrival.error_code, info: arrival.error_info, receivedAt: instant, clockStepped: stepped))
        }
    }
}
