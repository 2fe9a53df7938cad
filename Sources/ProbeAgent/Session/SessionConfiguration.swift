import ProbeNative

public struct SessionConfiguration: Sendable {
    public var backend: BackendURL
    public var nodeUUID: String
    public var apiKey: Secret
    /// Where the key came from; it is read anew for each connection.
    public var apiKeyFile: String?
    public var version: String
    public var hostname: String
    public var tools: [String]
    public var maxConcurrent: Int
    public var heartbeat: Duration
    public var reconnect: ReconnectPolicy
    /// PEM file with authorities to trust beside the system's.
    public var caFile: String?
    public var access: BackendAccess

    public init(
        backend: BackendURL, nodeUUID: String, apiKey: Secret, version: String, hostname: String, tools: [String],
        maxConcurrent: Int, heartbeat: Duration = .seconds(15), reconnect: ReconnectPolicy = ReconnectPolicy(),
        caFile: String? = nil, apiKeyFile: String? = nil, access: BackendAccess = BackendAccess()
    ) {
        self.backend = backend
        self.nodeUUID = nodeUUID
        self.apiKey = apiKey
        self.version = version
        self.hostname = hostname
        self.tools = tools
        self.maxConcurrent = maxConcurrent
        self.heartbeat = heartbeat
        self.reconnect = reconnect
        self.caFile = caFile
        self.apiKeyFile = apiKeyFile
        self.access = access
    }
}
