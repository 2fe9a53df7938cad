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
        var hasReply = false
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
    private let endpoint: any EchoDoor
    private let reactor: Reactor
    private let close: () -> Void
    private var records: [UInt16: Record] = [:]
    private var sequence: UInt16 = 0
    private var generator = SystemRandomNumberGenerator()

    /// - Parameter close: called when the flow ends.
    init(
        _ destination: IPAddress, ident: UInt16, through endpoint: any EchoDoor, on reactor: Reactor,
        close: @escaping () -> Void
    ) {
        self.destination = destination
        self.ident = ident
        self.endpoint = endpoint
        self.reactor = reactor
        self.close = close
        events = Inbox(reactor)
    }

    deinit {
        for record in records.values { if let ticket = record.ticket { endpoint.giveBack(ticket) } }
        close()
    }

    /// Takes in what has arrived: to be called once before a request is given up.
    public func read() { endpoint.read() }

    /// Packets that the socket's receive buffer had no room for, since it was opened: where this grows while a reply is
    /// waited for, its loss may be the node's own.
    public var drops: Int { endpoint.drops }

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
        let sequence = sequence
        let cookie = makeCookie(size)
        let packet = EchoMessage.request(
            destination.family, ident: ident, sequence: sequence, size: size, cookie: cookie,
            keepsChecksum: keepsChecksum)
        let record = Record(sent: Sent(sequence: sequence, at: context.now), cookie: cookie, ticket: ticket)
        do throws(ProbeFailure) {
            for _ in 0..<Self.fullTries {
                if let sent = try depart(packet, record, departure, context) { return sent }
                if await reactor.park(until: context.now + Self.fullPause) == .cancelled { throw .cancelled(.request) }
            }
        } catch {
            endpoint.giveBack(ticket)
            throw error
        }
        endpoint.giveBack(ticket)
        throw ProbeFailure(
            .request, .localResourceExhausted, "The node could not send to \(destination): its buffers stay full.")
    }

    /// Sends and remembers in one step: its reply may be read in the next turn of the reactor, which an `await` may end.
    /// - Returns: nil where the kernel's buffer is full.
    private func depart(
        _ packet: [UInt8], _ record: Record, _ departure: Departure, _ context: ProbeContext
    ) throws(ProbeFailure) -> Sent? {
        var record = record
        record.sent.at = endpoint.sendTime()
        let isSent = try context.gate.send(
            packet, through: endpoint.descriptor(dontFragment: departure.dontFragment),
            to: SocketAddress(destination, port: 0), departure, as: context.request(.target, destination, port: nil))
        guard isSent else { return nil }
        records[record.sent.sequence] = record
        records[record.sent.sequence &- UInt16(Self.memory)] = nil
        return record.sent
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
        var isDuplicate = false
        if case .reply = kind {
            isDuplicate = record.hasReply
            records[record.sent.sequence]?.hasReply = true
        }
        events.put(
            Event(
                sent: record.sent, kind: kind, receivedAt: max(instant, record.sent.at), isDuplicate: isDuplicate,
                clockStepped: clockStepped))
    }
}
