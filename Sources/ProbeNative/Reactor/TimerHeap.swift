/// A binary min-heap of due times whose entries can be removed in O(log n). Most timers of a prober are deadlines that
/// never come due: a heap that only forgets them lazily would hold every job of the last half minute.
package struct TimerHeap<Payload> {
    package struct Token: Hashable {
        fileprivate var slot: Int32
        fileprivate var generation: UInt32
    }

    private struct Slot {
        var payload: Payload?
        var due = Instant(nanoseconds: 0)
        var position: Int32 = -1
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int32] = []
    /// Slot numbers in heap order.
    private var heap: [Int32] = []

    package init() {}

    package var count: Int { heap.count }
    package var earliest: Instant? { heap.first.map { slots[Int($0)].due } }

    package mutating func insert(_ payload: Payload, due: Instant) -> Token {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = Int32(slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].payload = payload
        slots[Int(slot)].due = due
        heap.append(slot)
        slots[Int(slot)].position = Int32(heap.count - 1)
        siftUp(heap.count - 1)
        return Token(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Nil when it fired or was removed before.
    @discardableResult
    package mutating func remove(_ token: Token) -> Payload? {
        guard slots[Int(token.slot)].generation == token.generation else { return nil }
        return take(token.slot)
    }

    package mutating func popDue(at now: Instant) -> Payload? {
        guard let first = heap.first, slots[Int(first)].due <= now else { return nil }
        return take(first)
    }

    private mutating func take(_ slot: Int32) -> Payload? {
        let index = Int(slots[Int(slot)].position)
        let last = heap.removeLast()
        if last != slot {
            heap[index] = last
            slots[Int(last)].position = Int32(index)
            siftDown(index)
            siftUp(index)
        }
        slots[Int(slot)].position = -1
        slots[Int(slot)].generation &+= 1
        free.append(slot)
        return slots[Int(slot)].payload.take()
    }

    private func due(_ index: Int) -> Instant { slots[Int(heap[index])].due }

    private mutating func exchange(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        slots[Int(heap[a])].position = Int32(a)
        slots[Int(heap[b])].position = Int32(b)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, due(index) < due((index - 1) / 2) {
            exchange(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && due(child) < due(least) {
                least = child
            }
            if least == index { return }
            exchange(index, least)
            index = least
        }
    }
}
