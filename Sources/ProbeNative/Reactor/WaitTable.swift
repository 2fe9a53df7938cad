/// Names one suspended piece of code on a reactor. Stale tokens (it was woken already) are harmless.
public struct WaitToken: Hashable, Sendable {
    fileprivate var slot: UInt32
    fileprivate var generation: UInt32
}

/// Why `Reactor.park` returned.
public enum WakeReason: Sendable, Hashable {
    case ready
    /// The wait's own deadline came.
    case timeout
    /// The task was cancelled (its job's deadline, `cancel_job`, or shutdown).
    case cancelled
}

/// The continuations of a reactor, by slot and generation.
struct WaitTable {
    private struct Slot {
        var continuation: UnsafeContinuation<WakeReason, Never>?
        var timer: TimerHeap<Reactor.Timer>.Token?
        var generation: UInt32 = 0
        var cancelledEarly = false
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []

    /// A slot for a wait that is about to begin.
    mutating func reserve() -> WaitToken {
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        return WaitToken(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// False when the wait was cancelled between reservation and now: the slot is free again and nothing waits.
    mutating func begin(_ token: WaitToken, _ continuation: UnsafeContinuation<WakeReason, Never>) -> Bool {
        if slots[Int(token.slot)].cancelledEarly {
            release(token.slot)
            return false
        }
        slots[Int(token.slot)].continuation = continuation
        return true
    }

    mutating func attach(_ timer: TimerHeap<Reactor.Timer>.Token, to token: WaitToken) {
        if slots[Int(token.slot)].generation == token.generation { slots[Int(token.slot)].timer = timer }
    }

    /// The continuation to resume and the timer to remove; nil for a stale token or one that has not begun.
    mutating func end(
        _ token: WaitToken, _ reason: WakeReason
    ) -> (continuation: UnsafeContinuation<WakeReason, Never>, timer: TimerHeap<Reactor.Timer>.Token?)? {
        let index = Int(token.slot)
        guard slots[index].generation == token.generation else { return nil }
        guard let continuation = slots[index].continuation else {
            if reason == .cancelled { slots[index].cancelledEarly = true }
            return nil
        }
        let timer = slots[index].timer
        release(token.slot)
        return (continuation, timer)
    }

    private mutating func release(_ slot: UInt32) {
        slots[Int(slot)].continuation = nil
        slots[Int(slot)].timer = nil
        slots[Int(slot)].cancelledEarly = false
        slots[Int(slot)].generation &+= 1
        free.append(slot)
    }
}
