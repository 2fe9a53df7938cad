import DequeModule

/// A finished job's frame, waiting to be settled.
public struct OutboundEntry: Sendable, Hashable {
    /// Grows by one with each entry; later entries have greater ones.
    public var sequence: UInt64
    public var requestID: String
    /// A complete frame: UTF-8 JSON.
    public var bytes: [UInt8]

    public init(sequence: UInt64, requestID: String, bytes: [UInt8]) {
        self.sequence = sequence
        self.requestID = requestID
        self.bytes = bytes
    }
}

/// Keeps unsettled entries. Used under the outbox's lock only.
public protocol OutboxStore: Sendable {
    /// Sequences come in rising order.
    mutating func append(_ entry: OutboundEntry)
    @discardableResult
    mutating func remove(_ sequence: UInt64) -> OutboundEntry?
    mutating func replace(_ sequence: UInt64, bytes: [UInt8])
    func find(_ sequence: UInt64) -> OutboundEntry?
    /// The oldest entry after `sequence`.
    func first(after sequence: UInt64) -> OutboundEntry?
    var count: Int { get }
    var bytes: Int { get }
}

/// Keeps entries in memory: they live as long as the process.
public struct MemoryOutboxStore: OutboxStore {
    private struct Slot {
        var sequence: UInt64
        /// Nil once it was removed.
        var entry: OutboundEntry?
    }

    /// In order of sequence; the front is never empty.
    private var slots: Deque<Slot> = []
    public private(set) var count = 0
    public private(set) var bytes = 0

    public init() {}

    public mutating func append(_ entry: OutboundEntry) {
        slots.append(Slot(sequence: entry.sequence, entry: entry))
        count += 1
        bytes += entry.bytes.count
    }

    @discardableResult
    public mutating func remove(_ sequence: UInt64) -> OutboundEntry? {
        guard let index = index(of: sequence), let entry = slots[index].entry else { return nil }
        slots[index].entry = nil
        count -= 1
        bytes -= entry.bytes.count
        while let front = slots.first, front.entry == nil { slots.removeFirst() }
        // One entry that is never settled must not keep the slots of all that came after it.
        if slots.count > 2 * count + 1024 { slots.removeAll { $0.entry == nil } }
        return entry
    }

    public mutating func replace(_ sequence: UInt64, bytes new: [UInt8]) {
        guard let index = index(of: sequence), let old = slots[index].entry else { return }
        bytes += new.count - old.bytes.count
        slots[index].entry?.bytes = new
    }

    public func find(_ sequence: UInt64) -> OutboundEntry? { index(of: sequence).flatMap { slots[$0].entry } }

    public func first(after sequence: UInt64) -> OutboundEntry? {
        for index in position(after: sequence)..<slots.count { if let entry = slots[index].entry { return entry } }
        return nil
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence > 0 else { return nil }
        let index = position(after: sequence - 1)
        return index < slots.count && slots[index].sequence == sequence ? index : nil
    }

    /// The first slot whose sequence is greater, by bisection.
    private func position(after sequence: UInt64) -> Int {
        var (low, high) = (0, slots.count)
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
