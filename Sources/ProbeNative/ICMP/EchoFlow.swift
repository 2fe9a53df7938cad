import DequeModule

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

    private struct Packet {
        var sequence: UInt16
        var size: Int
        var cookie: EchoCookie
        var keepsChecksum: Bool
    }

    private struct Record {
        var sent: Sent
        var cookie: EchoCookie
        var ticket: Pacer.Ticket?
        var hasReply = false
        /// False until it has left the node.
        var isOut = false
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
    private let close: (_ mustRest: Bool) -> Void
    private let random: RandomStock
    /// One a sequence number, without gaps.
    private var records: Deque<Record> = []
    private var sequence: UInt16 = 0
    private var mustRest = false

    /// - Parameter close: called when the flow ends; its ident must rest when some request had no room for a whole
    ///   cookie.
    init(
        _ destination: IPAddress, ident: UInt16, through endpoint: any EchoDoor, on reactor: Reactor,
        close: @escaping (_ mustRest: Bool) -> Void
    ) {
        self.destination = destination
        self.ident = ident
        self.endpoint = endpoint
        self.reactor = reactor
        self.close = close
        random = reactor.local(RandomStock.self)
        events = Inbox(reactor)
    }

    deinit {
        // First, so that nothing that is read from here on looks for this flow.
        close(mustRest)
        for record in records { if let ticket = record.ticket { endpoint.giveBack(ticket) } }
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
    nonisolated(nonsending) public func send(
        _ departure: Departure, size: Int, keepsChecksum: Bool = false, in context: ProbeContext
    ) async throws(ProbeFailure) -> Sent {
        let ticket = try await endpoint.admit(size: size, until: context.deadline)
        sequence &+= 1
        let sequence = sequence
        let cookie = EchoCookie(random: random.next(), size: size)
        if cookie.isPartial { mustRest = true }
        records.append(Record(sent: Sent(sequence: sequence, at: Instant(nanoseconds: 0)), cookie: cookie))
        if records.count > Self.memory { records.removeFirst() }
        let packet = Packet(sequence: sequence, size: size, cookie: cookie, keepsChecksum: keepsChecksum)
        do throws(ProbeFailure) {
            for _ in 0..<Self.fullTries {
                if let sent = try depart(packet, ticket, departure, context) { return sent }
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
        _ packet: Packet, _ ticket: Pacer.Ticket, _ departure: Departure, _ context: ProbeContext
    ) throws(ProbeFailure) -> Sent? {
        guard let index = index(packet.sequence) else { return nil }
        let length = EchoMessage.headerLength + packet.size
        let result = withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { bytes in
            EchoMessage.write(
                to: bytes, destination.family, ident: ident, sequence: packet.sequence, cookie: packet.cookie,
                keepsChecksum: packet.keepsChecksum)
            let at = endpoint.sendTime()
            return Result<Instant?, ProbeFailure> { () throws(ProbeFailure) -> Instant? in
                let isSent = try context.gate.send(
                    UnsafeRawBufferPointer(bytes),
                    through: endpoint.descriptor(dontFragment: departure.dontFragment),
                    to: SocketAddress(destination, port: 0), departure,
                    as: context.request(.target, destination, port: nil))
                return isSent ? at : nil
            }
        }
        guard let at = try result.get() else { return nil }
        records[index].isOut = true
        records[index].sent.at = at
        records[index].ticket = ticket
        return records[index].sent
    }

    /// Where the request with this number is remembered.
    private func index(_ sequence: UInt16) -> Int? {
        let age = Int(self.sequence &- sequence)
        return age < records.count ? records.count - 1 - age : nil
    }

    // MARK: What comes back

    func take(_ reply: ICMPMessage.Reply, _ arrival: ICMPEndpoint.Arrival) {
        guard let index = index(reply.sequence), records[index].isOut, reply.cookie == records[index].cookie,
            arrival.from.withoutZone == destination.withoutZone || destination.isMulticast
        else { return }
        note(
            index, .reply(from: arrival.from, hopLimit: arrival.hopLimit, size: arrival.size), arrival.receivedAt,
            arrival.clockStepped)
    }

    /// An error may quote less of the packet than would hold the cookie, or zeros in its place (RFC 4884 pads); what it
    /// quotes must be ours.
    func take(_ error: ICMPError, sequence: UInt16, cookie: EchoCookie) {
        guard let index = index(sequence), records[index].isOut,
            error.quoted.destination == destination.withoutZone, cookie.mayQuote(records[index].cookie)
        else { return }
        note(index, .error(error), error.receivedAt, error.clockStepped)
    }

    private func note(_ index: Int, _ kind: Event.Kind, _ instant: Instant, _ clockStepped: Bool) {
        let sent = records[index].sent
        var isDuplicate = false
        if case .reply = kind {
            isDuplicate = records[index].hasReply
            records[index].hasReply = true
        }
        events.put(
            Event(
                sent: sent, kind: kind, receivedAt: max(instant, sent.at), isDuplicate: isDuplicate,
                clockStepped: clockStepped))
        // Last: it may let others send and read.
        if let ticket = records[index].ticket.take() { endpoint.giveBack(ticket) }
    }
}
