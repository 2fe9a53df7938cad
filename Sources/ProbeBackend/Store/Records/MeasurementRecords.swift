/// One order for many vantage points: a job for each node.
public struct MeasurementRecord: Sendable {
    public var id: String
    public var scheduleID: String?
    public var tool: String
    public var target: String
    public var parameters: RawJSON
    /// Seconds; nil leaves it to the node.
    public var timeout: Double?
    public var priority: Int
    public var wantsProgress: Bool
    /// As in `NewJob`; nil: any node.
    public var selector: String?
    /// Nil: all that were connected.
    public var nodeCount: Int?
    public var createdAt: Instant
    public var expiresAt: Instant
}

/// Measurements that are made again and again.
public struct ScheduleRecord: Sendable {
    public var id: String
    public var name: String
    public var tool: String
    /// A JSON array of texts.
    public var targets: String
    public var parameters: RawJSON
    public var timeout: Double?
    public var priority: Int
    /// Seconds between two runs; nil when `cron` says when.
    public var every: Double?
    public var cron: String?
    public var selector: String?
    /// Nil: all that are connected.
    public var nodeCount: Int?
    public var isEnabled: Bool
    public var createdAt: Instant
    public var nextRunAt: Instant?
    public var lastRunAt: Instant?
    /// A JSON array of texts.
    public var lastMeasurementIDs: String
}
