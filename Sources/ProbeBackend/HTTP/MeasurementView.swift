/// A measurement as clients see it.
struct MeasurementView: Encodable {
    private enum State: String, Encodable {
        case running, finished
    }

    private struct Counts: Encodable {
        var queued = 0
        var sent = 0
        var done = 0
        var failed = 0
        var expired = 0
        var cancelled = 0

        init(_ counts: [JobState: Int]) {
            queued = counts[.queued] ?? 0
            sent = counts[.sent] ?? 0
            done = counts[.done] ?? 0
            failed = counts[.failed] ?? 0
            expired = counts[.expired] ?? 0
            cancelled = counts[.cancelled] ?? 0
        }
    }

    private enum CodingKeys: String, CodingKey {
        case tool, target, timeout, priority, progress, state, counts
        case measurementID = "measurement_id"
        case scheduleID = "schedule_id"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }

    private let record: MeasurementRecord
    private let counts: Counts

    private init(_ record: MeasurementRecord, _ counts: [JobState: Int]) {
        self.record = record
        self.counts = Counts(counts)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(record.id, forKey: .measurementID)
        try container.encode(record.scheduleID, forKey: .scheduleID)
        try container.encode(record.tool, forKey: .tool)
        try container.encode(record.target, forKey: .target)
        try container.encode(record.timeout, forKey: .timeout)
        try container.encode(record.priority, forKey: .priority)
        try container.encode(record.wantsProgress, forKey: .progress)
        try container.encode(record.createdAt, forKey: .createdAt)
        try container.encode(record.expiresAt, forKey: .expiresAt)
        try container.encode(counts.queued + counts.sent == 0 ? State.finished : .running, forKey: .state)
        try container.encode(counts, forKey: .counts)
    }

    /// As in lists: without its jobs and what they say together.
    static func brief(_ record: MeasurementRecord, _ counts: [JobState: Int]) throws -> [UInt8] {
        try JSONText.encode(MeasurementView(record, counts), adding: members(of: record))
    }

    static func text(_ record: MeasurementRecord, _ jobs: [JobRecord], _ progress: JobProgress) throws -> [UInt8] {
        let counts = Dictionary(jobs.map { ($0.state, 1) }, uniquingKeysWith: +)
        let views = try jobs.map { try JobView.text($0, progress: progress.newest(of: $0.job.requestID)) }
        return try JSONText.encode(
            MeasurementView(record, counts),
            adding: members(of: record) + [
                ("summary", RawJSON(checked: try JSONText.encode(MeasurementSummary(jobs)))),
                ("jobs", RawJSON(checked: JSONText.array(views))),
            ])
    }

    private static func members(of record: MeasurementRecord) -> [(StaticString, RawJSON?)] {
        [
            ("parameters", record.parameters), ("select", record.selector.map { RawJSON(checked: Array($0.utf8)) }),
            ("count", RawJSON(checked: Array((record.nodeCount.map(String.init) ?? "\"all\"").utf8))),
        ]
    }
}
