/// One query and its answer over a connected socket.
struct NTPExchange {
    struct Reply {
        var packet: NTPPacket
        var receivedAt: WallTime
        var offset: Duration
        var delay: Duration
        var clockStepped: Bool
    }

    /// More than a slewed clock gains during a query (500 ppm of at most a minute is 30 ms).
    private static let step = Duration.milliseconds(50)

    private let reactor: Reactor
    private let socket: Socket
    private let patience: Duration
    /// Messages that did not answer the query.
    private(set) var ignored = 0

    init(_ reactor: Reactor, _ socket: Socket, patience: Duration) {
        self.reactor = reactor
        self.socket = socket
        self.patience = patience
    }

    /// Nil when no answer came in time.
    mutating func run() async throws(ProbeFailure) -> Reply? {
        var query = NTPPacket()
        // Nothing of this node's clock goes out: the server sends these bits back as they are, and who cannot see them
        // cannot answer.
        query.transmit = NTPTimestamp(bits: Self.random())
        let bytes = query.bytes
        let sentAt = (wall: reactor.time.wallTime, monotonic: reactor.now)
        try await socket.send(bytes, until: sentAt.monotonic + patience, timeout: .localResourceExhausted)
        let end = sentAt.monotonic + patience
        while true {
            guard let message = try receive() else {
                switch await socket.readable(until: end) {
                case .ready: continue
                case .timeout: return nil
                case .cancelled: throw .cancelled(.response)
                }
            }
            let now = (wall: reactor.time.wallTime, monotonic: reactor.now)
            if let packet = NTPPacket(message), Self.answers(packet, query) {
                return Self.reply(packet, sentAt, now)
            }
            ignored += 1
            if now.monotonic >= end { return nil }
            // A flood must not keep the reactor from others.
            if ignored % 32 == 0 { await Task.yield() }
        }
    }

    private func receive() throws(ProbeFailure) -> [UInt8]? {
        do throws(Errno) { return try socket.tryReceive(atMost: 1024) } catch {
            throw error.failure(.response, "receiving")
        }
    }

    /// RFC 5905 section 8, TEST1 to TEST3. A server of an older version answers in its own.
    static func answers(_ packet: NTPPacket, _ query: NTPPacket) -> Bool {
        packet.mode == NTPPacket.server && (1...4).contains(packet.version) && packet.origin == query.transmit
            && (packet.kissCode != nil || packet.receive.bits != 0 && packet.transmit.bits != 0)
    }

    /// RFC 5905 section 8. The time in between is the monotonic clock's, so that a step of the wall clock is in neither
    /// number but as a difference to it.
    static func reply(
        _ packet: NTPPacket, _ sent: (wall: WallTime, monotonic: Instant), _ now: (wall: WallTime, monotonic: Instant)
    ) -> Reply {
        let elapsed = now.monotonic - sent.monotonic
        let start = NTPTimestamp(sent.wall)
        let there = NTPTimestamp.span(from: start, to: packet.receive)
        let back = NTPTimestamp.span(from: start, to: packet.transmit) - elapsed
        let served = NTPTimestamp.span(from: packet.receive, to: packet.transmit)
        let wallElapsed = Duration.nanoseconds(now.wall.nanoseconds &- sent.wall.nanoseconds)
        let difference = wallElapsed - elapsed
        return Reply(
            packet: packet, receivedAt: now.wall, offset: (there + back) / 2, delay: elapsed - served,
            clockStepped: difference > step || difference < .zero - step)
    }

    private static func random() -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: 8)
        Syscalls.fillRandom(&bytes)
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// RFC 5905 section 7.4.
    static func meaning(ofKiss code: String) -> String {
        switch code {
        case "DENY", "RSTR": "access is denied"
        case "RATE": "it was asked too often"
        case "INIT": "it has not set its clock yet"
        case "STEP": "its clock was just set"
        default: "it gives no time"
        }
    }
}
