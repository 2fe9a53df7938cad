import DequeModule

/// The requests that wait for a worker, and the rule by which batches form: an idle worker takes its share of what is
/// queued, usually one request; only under pressure are there more.
struct EchoQueue {
    /// Replies to a whole batch must find room in the socket's buffer.
    static let batchLimit = 64
    /// Only so many requests from the front are looked at for a batch.
    private static let lookAhead = 256

    private var waiting: Deque<EchoRequest> = []

    var count: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty }

    mutating func append(_ request: EchoRequest) { waiting.append(request) }

    /// The first request and those behind it that may share its call; `workers` (at least 1) are free to take some.
    /// Withdrawn ones are dropped on the way.
    mutating func takeBatch(workers: Int, at now: Instant) -> [EchoRequest] {
        let share = min(Self.batchLimit, (waiting.count + workers - 1) / max(1, workers))
        guard let first = popLive() else { return [] }
        var batch = [first]
        let limit = min(share, Self.filterLimit(first.echo.address.family), Self.limit(size: first.echo.size))
        guard limit > 1, first.mayShare(at: now) else { return batch }
        let wanted = first.batchClass
        // Equal addresses would be one host to liboping.
        var addresses: Set<IPAddress> = [first.echo.address]
        var passed: [EchoRequest] = []
        while batch.count < limit, passed.count + batch.count < Self.lookAhead, let next = waiting.popFirst() {
            if next.isWithdrawn { continue }
            if next.batchClass == wanted, next.mayShare(at: now), addresses.insert(next.echo.address).inserted {
                if next.settle() { batch.append(next) }
            } else {
                passed.append(next)
            }
        }
        waiting.prepend(contentsOf: passed)
        return batch
    }

    /// Everything that waits, taken.
    mutating func takeAll() -> [EchoRequest] {
        defer { waiting.removeAll() }
        return waiting.filter { $0.settle() }
    }

    private mutating func popLive() -> EchoRequest? {
        while let request = waiting.popFirst() {
            if request.settle() { return request }
        }
        return nil
    }

    /// The converted filter of a batch must fit into net.core.optmem_max, 20,480 bytes before Linux 6.7.
    static func filterLimit(_ family: IPAddress.Family) -> Int { family == .v4 ? 40 : 20 }

    /// Half of the smallest usual receive buffer (212,992 bytes), at a packet's size and the kernel's own overhead.
    static func limit(size: Int) -> Int { max(1, 106_496 / (size + 1024)) }
}
