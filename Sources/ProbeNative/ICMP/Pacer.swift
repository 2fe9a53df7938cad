import DequeModule

/// Keeps sends within what the receive buffer can hold of their replies, should this thread be late to read them: what
/// was sent within the last moments and is not answered yet must fit. A reply that was read gives its share back at
/// once; a host that does not answer gives it back after `horizon`, so silent hosts do not hold up the others for their
/// whole timeout, but not before the buffer was read: what a busy thread has not read yet is in there still. The kernel counts a packet's memory and not its bytes, so that is what is bounded.
struct Pacer {
    /// How late the thread may be, without loss, to read what comes at the rate of the sends.
    static let horizon = Duration.milliseconds(10)
    /// What a packet costs a receive buffer, at worst, with common drivers: half a page of 4,096 bytes and the kernel's
    /// own structure (768 bytes on loopback and veth).
    static let packetCost = 2304
    private static let fragment = 1480

    /// Names a charge, to give it back.
    typealias Ticket = Int

    private struct Charge {
        var expiry: Instant
        var cost: Int
    }

    /// Half of the buffer is left for what nobody asked for.
    let capacity: Int
    private(set) var level = 0
    private var charges: Deque<Charge> = []
    private var firstTicket = 0

    init(receiveBuffer: Int) { capacity = receiveBuffer / 2 }

    static func cost(size: Int) -> Int { packetCost * max(1, (size + 8 + fragment - 1) / fragment) }

    /// Nil when a packet of this payload must wait. One that is larger than everything may go alone.
    mutating func admit(size: Int, at now: Instant) -> Ticket? {
        let cost = Self.cost(size: size)
        guard level == 0 || level + cost <= capacity else { return nil }
        level += cost
        charges.append(Charge(expiry: now + Self.horizon, cost: cost))
        return firstTicket + charges.count - 1
    }

    /// A reply was read, or nothing was sent after all.
    mutating func giveBack(_ ticket: Ticket) {
        let index = ticket - firstTicket
        guard charges.indices.contains(index) else { return }
        level -= charges[index].cost
        charges[index].cost = 0
    }

    /// When the next charge runs out.
    var nextExpiry: Instant? { charges.first?.expiry }

    /// To be called when the buffer has just been read.
    mutating func expire(at now: Instant) {
        while let first = charges.first, first.expiry <= now {
            level -= first.cost
            charges.removeFirst()
            firstTicket += 1
        }
    }
}
