/// A binary min-heap of due times whose entries can be removed in O(log n). Most timers of a prober are deadlines that
/// never come due: a heap that only forgets them lazily would hold every job of the last half minute.
package struct TimerHeap<Payload> {
    package struct Token: Hashable {
        fileprivate var slot: Int32
        fileprivate var generation: UInt32
    }

    private struct Slot {
        var payload: Payload?
        var position: Int32 = -1
        var generation: UInt32 = 0
    }

    /// Due times stand beside the slots' numbers, so that sifting reads one array.
    private struct Entry {
        var due: Instant
        var slot: Int32
    }

    private var slots: [Slot] = []
    private var free: [Int32] = []
    private var heap: [Entry] = []

    package init() {}

    package var count: Int { heap.count }
    package var earliest: Instant? { heap.first?.due }

    package mutating func insert(_ payload: Payload, due: Instant) -> Token {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = Int32(slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].payload = payload
        let entry = Entry(due: due, slot: slot)
        heap.append(entry)
        siftUp(heap.count - 1, entry)
        return Token(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Nil when it fired or was removed before.
    @discardableResult
    package mutating func remove(_ token: Token) -> Payload? {
        guard slots[Int(token.slot)].generation == token.generation else { return nil }
        return take(token.slot)
    }

    package mutating func popDue(at now: Instant) -> Payload? {
        guard let first = heap.first, first.due <= now else { return nil }
        return take(first.slot)
    }

    private mutating func take(_ slot: Int32) -> Payload? {
        let index = Int(slots[Int(slot)].position)
        let last = heap.removeLast()
        if last.slot != slot {
            if index > 0, last.due < heap[(index - 1) / 2].due { siftUp(index, last) } else { siftDown(index, last) }
        }
        slots[Int(slot)].position = -1
        slots[Int(slot)].generation &+= 1
        free.append(slot)
        return slots[Int(slot)].payload.take()
    }

    private mutating func put(_ entry: Entry, at index: Int) {
        heap[index] = entry
        slots[Int(entry.slot)].position = Int32(index)
    }

    /// Moves the hole at `start` up to where `entry` belongs.
    private mutating func siftUp(_ start: Int, _ entry: Entry) {
        var index = start
        while index > 0 {
            let parent = heap[(index - 1) / 2]
            guard entry.due < parent.due else { break }
            put(parent, at: index)
            index = (index - 1) / 2
        }
        put(entry, at: index)
    }

    /// Moves the hole at `start` down to where `entry` belongs.
    private mutating func siftDown(_ start: Int, _ entry: Entry) {
        var index = start
        while 2 * index + 1 < heap.count {
            var child = 2 * index + 1
            if child + 1 < heap.count, heap[child + 1].due < heap[child].due { child += 1 }
            guard heap[child].due < entry.due else { break }
            put(heap[child], at: index)
            index = child
        }
        put(entry, at: index)
    }
}
