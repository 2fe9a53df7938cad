import HeapModule
import ProbeNative

/// Bounded slots, and a bounded queue in front of them. Pure: jobs in, decisions out.
///
/// The most urgent waits first, among equals the earliest. A job that does not fit into the free slots holds back those
/// behind it, so that heavy jobs are not starved by light ones.
struct AdmissionQueue {
    enum Decision {
        case start(ValidatedJob)
        case wait
        case full
    }

    private struct Place: Comparable {
        var priority: Int
        var arrival: UInt64
        static func < (a: Place, b: Place) -> Bool {
            a.priority != b.priority ? a.priority > b.priority : a.arrival < b.arrival
        }
    }
    private struct Waiting {
        var job: ValidatedJob
        var expiry: TimerHeap<UInt64>.Token
    }

    /// Bytes of the messages that wait, for jobs of unusual size: the limit in number alone would allow gigabytes.
    static let byteLimit = 64 << 20

    private(set) var slots: Int
    private(set) var queueLimit: Int
    private(set) var waitingBytes = 0
    private(set) var used = 0
    private var order: Heap<Place> = []
    private var waiting: [UInt64: Waiting] = [:]
    private var arrivals: [String: UInt64] = [:]
    private var expiries = TimerHeap<UInt64>()
    private var nextArrival: UInt64 = 0

    init(slots: Int, queueLimit: Int) {
        self.slots = max(1, slots)
        self.queueLimit = max(0, queueLimit)
    }

    var queued: Int { waiting.count }
    var earliestDeadline: Instant? { expiries.earliest }

    mutating func offer(_ job: ValidatedJob) -> Decision {
        if waiting.isEmpty, fits(job) {
            return .start(started(job))
        }
        guard waiting.count < queueLimit, waitingBytes + job.size <= Self.byteLimit else { return .full }
        waitingBytes += job.size
        nextArrival += 1
        order.insert(Place(priority: job.priority, arrival: nextArrival))
        waiting[nextArrival] = Waiting(job: job, expiry: expiries.insert(nextArrival, due: job.deadline))
        arrivals[job.requestID] = nextArrival
        return .wait
    }

    /// A job has ended; returns those that may start now.
    mutating func release(_ job: ValidatedJob) -> [ValidatedJob] {
        used -= job.slots
        return startable()
    }

    /// Other limits from now on; returns the jobs that may start now. Those beyond them stay where they are.
    mutating func resize(slots: Int, queueLimit: Int) -> [ValidatedJob] {
        self.slots = max(1, slots)
        self.queueLimit = max(0, queueLimit)
        return startable()
    }

    private mutating func startable() -> [ValidatedJob] {
        var ready: [ValidatedJob] = []
        while let place = order.min {
            guard let entry = waiting[place.arrival] else {
                // It expired or was cancelled: removed from `waiting`, its place is dropped when it comes up.
                order.removeMin()
                continue
            }
            guard fits(entry.job) else { break }
            order.removeMin()
            forget(place.arrival)
            ready.append(started(entry.job))
        }
        return ready
    }

    /// The queued jobs whose deadline has come, and those that may start now: one that left may have been too heavy for
    /// the free slots and have held the others back.
    mutating func expire(at now: Instant) -> (expired: [ValidatedJob], ready: [ValidatedJob]) {
        var expired: [ValidatedJob] = []
        while let arrival = expiries.popDue(at: now) {
            if let job = forget(arrival) { expired.append(job) }
        }
        tidy()
        return (expired, expired.isEmpty ? [] : startable())
    }

    /// Takes a queued job out, and says which may start now; nil when it is not in the queue.
    mutating func remove(_ requestID: String) -> (job: ValidatedJob, ready: [ValidatedJob])? {
        guard let arrival = arrivals[requestID], let job = forget(arrival) else { return nil }
        tidy()
        return (job, startable())
    }

    /// Empties the queue, in the order in which it would have run.
    mutating func drain() -> [ValidatedJob] {
        var drained: [ValidatedJob] = []
        while let place = order.popMin() {
            if let job = forget(place.arrival) { drained.append(job) }
        }
        return drained
    }

    @discardableResult
    private mutating func forget(_ arrival: UInt64) -> ValidatedJob? {
        guard let entry = waiting.removeValue(forKey: arrival) else { return nil }
        waitingBytes -= entry.job.size
        arrivals[entry.job.requestID] = nil
        expiries.remove(entry.expiry)
        return entry.job
    }

    /// Dropped places are bounded: without this, urgent jobs coming for ever would keep those of the expired.
    private mutating func tidy() {
        guard order.count > 2 * waiting.count + 64 else { return }
        order = Heap(order.unordered.filter { waiting[$0.arrival] != nil })
    }

    private mutating func started(_ job: ValidatedJob) -> ValidatedJob {
        var job = job
        // What it takes it gives back, whatever the limits are by then.
        job.slots = cost(job)
        used += job.slots
        return job
    }

    private func fits(_ job: ValidatedJob) -> Bool { used + cost(job) <= slots }
    /// A job heavier than the whole node still runs, alone.
    private func cost(_ job: ValidatedJob) -> Int { min(max(1, job.probe.weight), slots) }
}
