import ProbeNative

/// What a backend sends. Unknown types are kept by name: they are logged, never an error.
public enum InboundMessage: Sendable {
    case accepted(AuthenticationAccepted)
    case refused(message: String, details: String?)
    case job(JobMessage)
    case cancel(requestID: String)
    case heartbeatAck(serverTime: String?)
    case resultReceived(requestID: String)
    case error(message: String)
    /// The backend never sent this job, or has forgotten it: its result is wanted by nobody.
    case unknownJob(requestID: String)
    case ping
    case serverShutdown(reconnectIn: Duration?)
    case unknown(type: String?)
}

/// The answer to a good authentication. Delays are the server's wishes, not yet sanity-bounded.
public struct AuthenticationAccepted: Sendable, Hashable {
    public var message: String
    public var nodeUUID: String?
    public var connectionID: String?
    public var reconnect: ReconnectHints
    public var serverTime: String?
    /// What the backend takes beyond the common protocol: `check_results`.
    public var features: Set<String>

    public init(
        message: String, nodeUUID: String? = nil, connectionID: String? = nil,
        reconnect: ReconnectHints = ReconnectHints(), serverTime: String? = nil, features: Set<String> = []
    ) {
        self.message = message
        self.nodeUUID = nodeUUID
        self.connectionID = connectionID
        self.reconnect = reconnect
        self.serverTime = serverTime
        self.features = features
    }
}

public struct ReconnectHints: Sendable, Hashable {
    public var minDelay: Duration?
    public var maxDelay: Duration?
    public var initialDelay: Duration?
    public var jitterFactor: Double?

    public init(
        minDelay: Duration? = nil, maxDelay: Duration? = nil, initialDelay: Duration? = nil, jitterFactor: Double? = nil
    ) {
        self.minDelay = minDelay
        self.maxDelay = maxDelay
        self.initialDelay = initialDelay
        self.jitterFactor = jitterFactor
    }
}

/// A `diagnostic_job` with the names of its fields settled but its contents unchecked, except for the identifier: a job
/// without a usable one cannot be answered. `problem` says which field has a wrong type.
public struct JobMessage: Sendable, Hashable {
    public var requestID: String
    public var tool: String
    public var target: String
    public var parameters: [ParameterValue.Member]
    public var priority: Int
    public var timeout: Double?
    public var wantsProgress: Bool
    public var problem: String?
    /// Bytes of the message.
    public var size: Int

    public init(
        requestID: String, tool: String, target: String, parameters: [ParameterValue.Member] = [], priority: Int = 1,
        timeout: Double? = nil, wantsProgress: Bool = false, problem: String? = nil,
        size: Int = 0
    ) {
        self.requestID = requestID
        self.tool = tool
        self.target = target
        self.parameters = parameters
        self.priority = priority
        self.timeout = timeout
        self.wantsProgress = wantsProgress
        self.problem = problem
        self.size = size
    }
}

extension InboundMessage {
    /// Decodes one text frame, which must be valid UTF-8 already.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(MalformedMessage) -> InboundMessage {
        var fields = InboundFields()
        var parser = JSONParser(bytes)
        try parser.document { (name, parser) throws(MalformedMessage) in try fields.read(name, &parser) }
        return try fields.classified(size: bytes.count)
    }

    public static func decode(_ bytes: [UInt8]) throws(MalformedMessage) -> InboundMessage {
        let result: Result<InboundMessage, MalformedMessage> = bytes.withUnsafeBytes { raw in
            do throws(MalformedMessage) { return .success(try decode(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
