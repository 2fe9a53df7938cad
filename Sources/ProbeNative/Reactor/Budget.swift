import DequeModule

/// A counted resource of one reactor (descriptors, bytes of bodies) that tools draw from and wait for, first come first
/// served. A job's slot is not a resource: a thousand admitted jobs may still have to share fewer sockets.
public final class Budget: @unchecked Sendable {
    // @unchecked: confined to the reactor's thread, like everything that draws from it.

    /// Held while the resource is in use; gives it back when it ends.
    public final class Share {
        private let budget: Budget
        private let amount: Int
        fileprivate init(_ budget: Budget, _ amount: Int) {
            self.budget = budget
            self.amount = amount
        }
        deinit { budget.give(back: amount) }
    }

    private struct Waiter {
        var token: WaitToken
        var amount: Int
        var grant: Grant
    }
    private final class Grant { var given = false }

    private let reactor: Reactor
    public let limit: Int
    public private(set) var used = 0
    private var waiters: Deque<Waiter> = []

    public init(_ reactor: Reactor, limit: Int) {
        self.reactor = reactor
        self.limit = max(1, limit)
    }

    /// Waits for `amount` (bounded by the whole budget) until `deadline`; throws `local_resource_exhausted`, or
    /// `cancelled` with the task.
    nonisolated(nonsending) public func draw(_ amount: Int = 1, until deadline: Instant, stage: Stage)
        async throws(ProbeFailure) -> Share
    {
        let amount = min(amount, limit)
        if waiters.isEmpty, used + amount <= limit { return take(amount) }
        let grant = Grant()
        let reason = await reactor.park(until: deadline) {
            waiters.append(Waiter(token: $0, amount: amount, grant: grant))
        }
        if grant.given {
            // Woken by a grant, which stands even when cancellation came at the same moment.
            return Share(self, amount)
        }
        waiters.removeAll { $0.grant === grant }
        serve()
        if reason == .cancelled { throw .cancelled(stage) }
        throw ProbeFailure(stage, .localResourceExhausted, "The node has no free descriptor or buffer for this job.")
    }

    private func take(_ amount: Int) -> Share {
        used += amount
        return Share(self, amount)
    }

    private func give(back amount: Int) {
        assert(reactor.isOnThread)
        used -= amount
        serve()
    }

    private func serve() {
        while let first = waiters.first, used + first.amount <= limit {
            waiters.removeFirst()
            used += first.amount
            first.grant.given = true
            reactor.wake(first.token)
        }
    }
}
