/// Echo requests to one address under one ident, and what comes back for them. Ends with its last reference; replies
/// after that find nobody. Confined to its reactor's thread.
public final class EchoFlow {
    /// A request that has left the node.
    public struct Sent: Sendable, Hashable {
        public var sequence: UInt16
        /// On the kernel's monotonic clock.
        public var at: Instant
    }

    /// What came back for one of the requests.
    public struct Event: Sendable {
        public enum Kind: Sendable {
            /// - hopLimit: of the reply as it arrived.
            /// - size: bytes of payload.
            case reply(from: IPAddress, hopLimit: Int?, size: Int)
            case error(ICMPError)
        }
        public var sent: Sent
        public var kind: Kind
        /// On the kernel's monotonic clock, from the kernel's own stamp.
        public var receivedAt: Instant
        /// Another reply to this request came before.
        public var isDuplicate: Bool
        /// The wall clock stepped: the time is when it was read, not when it came.
        public var clockStepped: Bool
        public var rtt: Duration { receivedAt - sent.at }
    }

    private struct Record {
        var sent: Sent
        var cookie: [UInt8]
        var ticket: Pacer.Ticket?
        var isAnswered = false
    }

    /// Requests that are remembered; older ones' replies find nobody.
    private static let memory = 8192
    /// The kernel's buffer for what is to be sent is full: how long until the next try, and how many there are.
    private static let fullPause = Duration.milliseconds(1)
    private static let fullTries = 200

    public let ident: UInt16
    public let destination: IPAddress
    /// Replies and errors in the order in which they were read.
    public let events: Inbox<Event>
    private let rest: Duration
    private let engine: ICMPEngine
    private let endpoint: ICMPEndpoint
    private let reactor: Reactor
    private var records: [UInt16: Record] = [:]
    private var sequence: UInt16 = 0
    private var generator = SystemRandomNumberGenerator()

    init(
        _ destination: IPAddress, ident: UInt16, rest: Duration, engine: ICMPEngine, endpoint: ICMPEndpoint,
        reactor: Reactor
    ) {
        self.destination = destination
        self.ident = ident
        self.rest = rest
        self.engine = engine
        self.endpoint = endpoint
        self.reactor = reactor
        events = Inbox(reactor)
    }

    deinit {
        for record in records.values { if let ticket = record.ticket { endpoint.giveBack(ticket) } }
        engine.close(ident, rest: rest)
    }

    /// Sends one echo request, as soon as the receive buffer can take its reply. Sequence numbers count from 1.
    /// - Parameters:
    ///   - size: bytes of payload, 0-65,500.
    ///   - keepsChecksum: all requests of this flow and size have one ICMP checksum (see `EchoMessage`).
    /// - Throws: `policy_denied`; `cancelled` or `deadline_exceeded` while waiting for its turn; what sending failed with
    ///   (`network_unreachable`, `permission_denied`, `local_resource_exhausted`), at stage `request`.
    public func send(
        _ departure: Departure, size: Int, keepsChecksum: Bool = false, in context: ProbeContext
    ) async throws(ProbeFailure) -> Sent {
        let ticket = try await endpoint.admit(size: size, until: context.deadline)
        sequence &+= 1
        let cookie = makeCookie(size)
        let packet = EchoMessage.request(
            destination.family, ident: ident, sequence: sequence, size: size, cookie: cookie,
            keepsChecksum: keepsChecksum)
        do throws(ProbeFailure) {
            let sent = Sent(sequence: sequence, at: try await depart(packet, departure, context))
            records[sequence] = Record(sent: sent, cookie: cookie, ticket: ticket)
            records[sequence &- UInt16(Self.memory)] = nil
            return sent
        } catch {
            endpoint.giveBack(ticket)
            throw error
        }
    }

    /// The moment at which it left.
    private func depart(
        _ packet: [UInt8], _ departure: Departure, _ context: ProbeContext
    ) async throws(ProbeFailure) -> Instant {
        let descriptor = endpoint.descriptor(dontFragment: departure.dontFragment)
        let request = context.request(.target, destination, port: nil)
        for _ in 0..<Self.fullTries {
            let now = endpoint.sendTime()
            // The reply may be in the buffer before this returns; it is read later, on this very thread.
            if try context.gate.send(
                packet, through: descriptor, to: SocketAddress(destination, port: 0), departure, as: request)
            {
                return now
            }
            if await reactor.park(until: context.now + Self.fullPause) == .cancelled { throw .cancelled(.request) }
        }
        throw ProbeFailure(
            .request, .localResourceExhausted, "The node could not send to \(destination): its buffers stay full.")
    }

    private func makeCookie(_ size: Int) -> [UInt8] {
        let random = UInt64.random(in: 0 ... .max, using: &generator)
        return (0..<min(size, EchoMessage.cookieLength)).map { UInt8(truncatingIfNeeded: random >> (8 * UInt64($0))) }
    }

    // MARK: What comes back

    func take(_ reply: ICMPMessage.Reply, _ arrival: ICMPEndpoint.Arrival) {
        guard let record = records[reply.sequence], reply.cookie == record.cookie,
            arrival.from.withoutZone == destination.withoutZone || destination.isMulticast
        else { return }
        note(
            record, .reply(from: arrival.from, hopLimit: arrival.hopLimit, size: arrival.size), arrival.receivedAt,
            arrival.clockStepped)
    }

    /// An error may quote less of the packet than would hold the cookie, or zeros in its place (RFC 4884 pads); what it
    /// quotes must be ours.
    func take(_ error: ICMPError, sequence: UInt16, cookie: [UInt8]) {
        guard let record = records[sequence], error.quoted.destination == destination.withoutZone,
            cookie.allSatisfy({ $0 == 0 }) || zip(cookie, record.cookie).allSatisfy({ $0 == $1 })
        else { return }
        note(record, .error(error), error.receivedAt, error.clockStepped)
    }

    private func note(_ record: Record, _ kind: Event.Kind, _ instant: Instant, _ clockStepped: Bool) {
        if let ticket = record.ticket { endpoint.giveBack(ticket) }
        records[record.sent.sequence]?.ticket = nil
        records[record.sent.sequence]?.isAnswered = true
        events.put(
            Event(
                sent: record.sent, kind: kind, receivedAt: max(instant, record.sent.at),
                isDuplicate: record.isAnswered, clockStepped: clockStepped))
    }
}
