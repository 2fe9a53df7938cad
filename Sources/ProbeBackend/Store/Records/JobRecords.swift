public enum JobState: String, Sendable, Encodable, SQLConvertible {
    case queued, sent, done, failed, expired, cancelled

    /// Nothing changes it any more.
    public var isFinal: Bool { self != .queued && self != .sent }
}

/// A job as it is posted.
public struct NewJob: Sendable {
    public var requestID: String
    /// Nil: not bound to a node yet.
    public var node: String?
    /// Whether any node will do, so that it may be bound to another as long as it was not sent.
    public var anyNode: Bool
    public var tool: String
    public var target: String
    public var parameters: RawJSON
    public var priority: Int
    /// Seconds; nil leaves it to the node.
    public var timeout: Double?
    /// Partial results are wanted while it runs.
    public var wantsProgress: Bool
    public var createdAt: Instant
    public var expiresAt: Instant
    public var measurementID: String?
    public var scheduleID: String?
    /// Which nodes may do it, as JSON text in one form, so that equal ones are equal. Nil: `node` and `anyNode` say it.
    public var selector: String?
    /// Of a node's own check, which nobody posted.
    public var checkID: String?
}

public struct JobRecord: Sendable {
    public var job: NewJob
    /// The order of arrival, unique.
    public var sequence: Int64
    public var state: JobState
    public var sentAt: Instant?
    public var finishedAt: Instant?
    /// How often it was sent.
    public var sends: Int
    public var success: Bool?
    /// Seconds, as the node says.
    public var executionTime: Double?
    /// Why it failed, or why the backend ended it.
    public var errorCode: String?
    /// Of its node; nil where the job was read without.
    public var nodeName: String?
    public var result: RawJSON?
}

/// A node's answer to a job.
public struct Answer: Sendable {
    public var requestID: String
    public var success: Bool
    public var executionTime: Double?
    /// `error_code` of its result.
    public var errorCode: String?
    public var result: RawJSON
    /// Of a node's own check: there is no job yet that it answers.
    public var check: Check?

    public struct Check: Sendable {
        public var id: String
        public var tool: String
        public var target: String
    }

    public init(
        requestID: String, success: Bool, executionTime: Double?, errorCode: String? = nil, result: RawJSON
    ) {
        self.requestID = requestID
        self.success = success
        self.executionTime = executionTime
        self.errorCode = errorCode
        self.result = result
    }
}

public enum AnswerOutcome: String, Sendable, CaseIterable {
    /// Stored now, and the job is finished by it.
    case finished
    /// The job was cancelled or had expired before; the answer is kept with it.
    case late
    /// An answer is stored already; this one changed nothing.
    case duplicate
    /// No such job, another node's job, or one that was never sent to this node.
    case unknown
}

/// A job that ended without an answer.
public struct EndedJob: Sendable, Equatable {
    public var requestID: String
    /// The node that has it, nil when it was never sent.
    public var holder: String?
}

public enum CancelOutcome: Sendable, Equatable {
    case cancelled(EndedJob)
    case alreadyFinished
    case notFound
}
