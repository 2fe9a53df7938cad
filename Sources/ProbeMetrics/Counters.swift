import Synchronization

/// A row of counters that any thread may add to: no lock, no allocation.
public final class Counters: @unchecked Sendable {
    // @unchecked: the memory is made once and holds atomics only.
    private let values: UnsafeMutablePointer<Atomic<Int>>
    public let count: Int

    public init(_ count: Int) {
        self.count = count
        values = .allocate(capacity: count)
        for index in 0..<count { (values + index).initialize(to: Atomic(0)) }
    }

    deinit {
        values.deinitialize(count: count)
        values.deallocate()
    }

    public func add(_ amount: Int = 1, at index: Int) {
        precondition(index >= 0 && index < count)
        values[index].wrappingAdd(amount, ordering: .relaxed)
    }

    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count)
        return values[index].load(ordering: .relaxed)
    }
}
