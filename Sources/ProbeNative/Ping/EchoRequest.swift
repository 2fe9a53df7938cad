import Synchronization

/// A request in the lane: queued, then either taken by a worker or withdrawn by its job.
final class EchoRequest: Sendable {
    let echo: Echo
    /// Of the whole job, on the kernel's monotonic clock: nothing is sent after it.
    let deadline: Instant
    private let complete: @Sendable (EchoResult) -> Void
    private let isSettled = Atomic(false)

    init(_ echo: Echo, deadline: Instant, complete: @escaping @Sendable (EchoResult) -> Void) {
        self.echo = echo
        self.deadline = deadline
        self.complete = complete
    }

    /// True once: for the worker that will answer it, or for the job that withdraws it.
    func settle() -> Bool { !isSettled.exchange(true, ordering: .relaxed) }

    var isWithdrawn: Bool { isSettled.load(ordering: .relaxed) }

    func finish(_ result: EchoResult) { complete(result) }

    /// What must be equal in a batch: the object's options, and the prospect of a reply.
    struct Class: Hashable {
        var family: IPAddress.Family
        var options: EchoSocket.Options
        var timeout: Duration
        var isDoubtful: Bool
    }

    var batchClass: Class {
        Class(
            family: echo.address.family,
            options: EchoSocket.Options(ttl: echo.ttl, tos: echo.tos, size: echo.size), timeout: echo.timeout,
            isDoubtful: echo.isDoubtful)
    }

    /// A batch ends with its slowest host. A request that cannot wait that long, or whose deadline would shorten the
    /// others' wait, goes alone.
    func mayShare(at now: Instant) -> Bool { !echo.isImpatient && now + echo.timeout <= deadline }
}
