/// A job as clients see it; `parameters`, `result` and the partial result are added as the bytes they are.
struct JobView: Encodable {
    private let requestID: String
    private let nodeUUID: String?
    private let nodeName: String?
    private let tool: String
    private let target: String
    private let priority: Int
    private let timeout: Double?
    private let state: JobState
    private let createdAt: Instant
    private let sentAt: Instant?
    private let finishedAt: Instant?
    private let expiresAt: Instant
    private let sends: Int
    private let success: Bool?
    private let executionTime: Double?
    private let errorCode: String?
    private let measurementID: String?
    private let scheduleID: String?
    private let checkID: String?

    enum CodingKeys: String, CodingKey {
        case tool, target, priority, timeout, state, sends, success
        case requestID = "request_id"
        case nodeUUID = "node_uuid"
        case nodeName = "node_name"
        case createdAt = "created_at"
        case sentAt = "sent_at"
        case finishedAt = "finished_at"
        case expiresAt = "expires_at"
        case executionTime = "execution_time"
        case errorCode = "error_code"
        case measurementID = "measurement_id"
        case scheduleID = "schedule_id"
        case checkID = "check"
    }

    private init(_ record: JobRecord) {
        requestID = record.job.requestID
        nodeUUID = record.job.node
        nodeName = record.nodeName
        tool = record.job.tool
        target = record.job.target
        priority = record.job.priority
        timeout = record.job.timeout
        state = record.state
        createdAt = record.job.createdAt
        sentAt = record.sentAt
        finishedAt = record.finishedAt
        expiresAt = record.job.expiresAt
        sends = record.sends
        success = record.success
        executionTime = record.executionTime
        errorCode = record.errorCode
        measurementID = record.job.measurementID
        scheduleID = record.job.scheduleID
        checkID = record.job.checkID
    }

    func encode(to encoder: any Encoder) throws {
        // Written out, so that what is not known yet is null and not left out.
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(requestID, forKey: .requestID)
        try container.encode(nodeUUID, forKey: .nodeUUID)
        try container.encode(nodeName, forKey: .nodeName)
        try container.encode(tool, forKey: .tool)
        try container.encode(target, forKey: .target)
        try container.encode(priority, forKey: .priority)
        try container.encode(timeout, forKey: .timeout)
        try container.encode(state, forKey: .state)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(sentAt, forKey: .sentAt)
        try container.encode(finishedAt, forKey: .finishedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(sends, forKey: .sends)
        try container.encode(success, forKey: .success)
        try container.encode(executionTime, forKey: .executionTime)
        try container.encode(errorCode, forKey: .errorCode)
        try container.encode(measurementID, forKey: .measurementID)
        try container.encode(scheduleID, forKey: .scheduleID)
        try container.encode(checkID, forKey: .checkID)
    }

    static func text(_ record: JobRecord, progress: PartialResult?) throws -> [UInt8] {
        try JSONText.encode(
            JobView(record),
            adding: members(of: record) + [("result", record.result), ("progress", try progress?.json)])
    }

    /// As in lists: without result and partial result.
    static func brief(_ record: JobRecord) throws -> [UInt8] {
        try JSONText.encode(JobView(record), adding: members(of: record))
    }

    private static func members(of record: JobRecord) -> [(StaticString, RawJSON?)] {
        [
            ("parameters", record.job.parameters),
            ("select", record.job.selector.map { RawJSON(checked: Array($0.utf8)) }),
        ]
    }
}

extension PartialResult {
    /// `{"seq":3,"partial":{...}}`
    fileprivate var json: RawJSON {
        get throws { RawJSON(checked: try JSONText.encode(["seq": sequence], adding: [("partial", partial)])) }
    }
}
