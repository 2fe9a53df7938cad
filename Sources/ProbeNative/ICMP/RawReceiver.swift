import CLinux

/// Reads a raw socket that many probers share: in batches, with the time at which the kernel took each packet in.
/// Confined to its reactor's thread.
final class RawReceiver {
    /// A packet as it came in; `bytes` are valid during the call that hands it over.
    struct Packet {
        var bytes: WireBytes
        var from: IPAddress
        /// Of the whole packet; more than `bytes` where it did not fit.
        var length: Int
        /// By control message: IPv6 only.
        var hopLimit: Int?
        var receivedAt: Instant
        var clockStepped: Bool
    }

    /// Enough for the heads of replies and for whole ICMP errors (RFC 1812: 576 bytes; RFC 4443: 1,280).
    private static let slotSize = 2048
    private static let batch = Int(PROBE_BATCH)
    /// Packets read at a go before the reactor looks at others; the socket is level-triggered.
    private static let batchesPerTurn = 64

    private let fd: Int32
    private let slots = UnsafeMutablePointer<UInt8>.allocate(capacity: batch * slotSize)
    private let arrivals = UnsafeMutableBufferPointer<probe_arrival>.allocate(capacity: batch)
    private let handle: (Packet) -> Void
    private let readClocks: () -> ClockPair
    private var clock: StampClock
    private var registration: Registration?
    private var isReading = false

    /// The descriptor outlives the receiver.
    init(
        _ fd: Int32, on reactor: Reactor, clocks: @escaping () -> ClockPair = { ClockPair.now },
        _ handle: @escaping (Packet) -> Void
    ) throws(Errno) {
        self.fd = fd
        self.handle = handle
        readClocks = clocks
        clock = StampClock(clocks())
        arrivals.initialize(repeating: probe_arrival())
        registration = try reactor.register(fd, .readable) { [weak self] _ in self?.read() }
    }

    deinit {
        registration?.cancel()
        slots.deallocate()
        arrivals.deallocate()
    }

    /// The moment before a packet is sent.
    func sendTime() -> Instant {
        let pair = readClocks()
        clock.note(pair)
        return Instant(nanoseconds: pair.monotonic)
    }

    /// Takes in what the kernel has. Also called before a packet is given up: its reply may be there already.
    func read() {
        // A handler may come back here; its packets are read by the loop that it was called from.
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        for _ in 0..<Self.batchesPerTurn {
            let count = Syscalls.receivePackets(fd, into: slots, slotSize: Self.slotSize, arrivals)
            let pair = readClocks()
            clock.note(pair)
            for index in 0..<count { hand(index, pair) }
            if count < Self.batch {
                clock.noteDrained()
                return
            }
        }
    }

    private func hand(_ index: Int, _ pair: ClockPair) {
        let arrival = arrivals[index]
        guard let from = SocketAddress(arrival.from)?.address else { return }
        let (instant, stepped) = clock.instant(of: arrival.stamp, readAt: pair)
        let raw = UnsafeRawBufferPointer(start: slots + index * Self.slotSize, count: Int(arrival.captured))
        handle(
            Packet(
                bytes: WireBytes(raw), from: from, length: Int(arrival.length),
                hopLimit: arrival.hop_limit < 0 ? nil : Int(arrival.hop_limit), receivedAt: instant,
                clockStepped: stepped))
    }
}
