/// One question on its way, shared by everybody who asks it meanwhile. Confined to its reactor's thread.
final class Lookup: @unchecked Sendable {
    // @unchecked: confined to its reactor's thread.

    let key: LookupKey
    let startedAt: Instant
    /// Nil until it is done.
    var answer: LookupAnswer?
    /// Runs apart from the jobs that wait: the end of one must not end it for the others.
    var task: Task<Void, Never>?
    /// How many jobs still want it.
    var interest = 0
    /// A job went on without it: it may finish for the cache.
    var mayOutliveInterest = false
    private var waiters: [WaitToken] = []

    init(_ key: LookupKey, startedAt: Instant, answer: LookupAnswer? = nil) {
        self.key = key
        self.startedAt = startedAt
        self.answer = answer
    }

    func wake(_ token: WaitToken) { waiters.append(token) }

    func finish(_ answer: LookupAnswer, _ reactor: Reactor) {
        self.answer = answer
        for waiter in waiters { reactor.wake(waiter) }
        waiters.removeAll()
    }
}
