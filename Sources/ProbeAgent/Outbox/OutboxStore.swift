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
    /// The oldest entry after `sequence`.
    func first(after sequence: UInt64) -> OutboundEntry?
    var count: Int { get }
    var bytes: Int { get }
}

/// Keeps entries in memory: they live as long as the process.
public struct MemoryOutboxStore: OutboxStore {
    /// Slots in order of sequence, the first of sequence `base`; nil where the entry was removed. The front is never nil.
    private var slots: Deque<OutboundEntry?> = []
    private var base: UInt64 = 1
    public private(set) var count = 0
    public private(set) var bytes = 0

    public init() {}

    public mutating func append(_ entry: OutboundEntry) {
        if slots.isEmpty { base = entry.sequence }
        slots.append(entry)
        count += 1
        bytes += entry.bytes.count
    }

    @discardableResult
    public mutating func remove(_ sequence: UInt64) -> OutboundEntry? {
        guard let index = index(of: sequence), let entry = slots[index] else { return nil }
        slots[index] = nil
        count -= 1
        bytes -= entry.bytes.count
        while let front = slots.first, front == nil {
            slots.removeFirst()
            base += 1
        }
        return entry
    }

    public mutating func replace(_ sequence: UInt64, bytes new: [UInt8]) {
        guard let index = index(of: sequence), let old = slots[index] else { return }
        bytes += new.count - old.bytes.count
        slots[index]?.bytes = new
    }

    public func first(after sequence: UInt64) -> OutboundEntry? {
        let start = sequence < base ? 0 : Int(sequence - base) + 1
        guard start < slots.count else { return nil }
        for index in start..<slots.count { if let entry = slots[index] { return entry } }
        return nil
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence >= base, sequence - base < UInt64(slots.count) else { return nil }
        return Int(sequence - base)
    }
}
