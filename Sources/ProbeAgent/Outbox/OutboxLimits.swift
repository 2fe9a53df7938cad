/// What an outbox may hold.
public struct OutboxLimits: Sendable, Hashable {
    /// Unsettled bytes from which on new jobs are refused: results are never dropped for want of room.
    public var bytes = 64 << 20
    /// Unsettled answers that are older are dropped.
    public var age = Duration.seconds(7 * 24 * 3600)

    /// From here on a refused job gets no answer: a flood of refusals is no result, and would have no end.
    public var refusalBytes: Int { bytes + bytes / 4 }

    public init() {}
}

/// What an outbox holds, and what it lost.
public struct OutboxCounts: Sendable, Hashable {
    public var unsettled = 0
    public var unsettledBytes = 0
    /// How long the oldest has waited, to the minute; nil when nothing waits.
    public var oldestAge: Duration?
    /// Dropped because they had become too old.
    public var expired = 0
    /// That the backend has acknowledged, by `result_received` or by a pong.
    public var settled = 0
    /// Taken over from a former process.
    public var replayed = 0
    /// Damaged places in a former process's files, each of one or more records.
    public var damaged = 0
    /// Bytes cut off at the ends of its files: what was being written at a crash.
    public var tornBytes = 0
    /// Unsettled answers that would be lost with this process.
    public var notOnDisk = 0
}
