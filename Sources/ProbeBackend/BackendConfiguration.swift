/// All that `serve` can be told, with the values it has when it is not.
public struct BackendConfiguration: Sendable {
    public var host = "127.0.0.1"
    /// 0: any free port.
    public var port = 8000
    /// PEM files of the certificate chain and its key; nil: plain HTTP.
    public var tls: TLSFiles?
    public var adminToken: String
    public var nodes = NodeLimits()
    /// Of one API key or session; the admin token has ten times that.
    public var requests = RequestLimits()
    public var retention = RetentionLimits()

    public struct TLSFiles: Sendable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public init(adminToken: String) {
        self.adminToken = adminToken
    }
}

/// What is demanded of and granted to a node's connection.
public struct NodeLimits: Sendable {
    /// From the WebSocket handshake to a complete authentication.
    public var authenticationTimeout = Duration.seconds(10)
    public var pingInterval = Duration.seconds(20)
    /// Without any frame for so long a connection is dead.
    public var deadAfter = Duration.seconds(60)
    /// Jobs sent and unanswered, at most, for one node.
    public var maximumOutstanding = 4000
    /// How many jobs beyond its `max_concurrent` a node is sent: its own queue, so that it never waits for us.
    public var queueAllowance = 4096
    /// What a node is told about reconnecting, in milliseconds.
    public var reconnect = ReconnectAdvice()
    /// What a node is told about its heartbeat at registration, in seconds.
    public var heartbeatInterval = 15
    /// Results of the nodes' own checks are taken: a node decides how many there are.
    public var takesCheckResults = false
    /// Bytes of one message, reassembled.
    public static let maximumMessage = 1 << 20

    func window(maxConcurrent: Int) -> Int {
        min(maximumOutstanding, maxConcurrent + queueAllowance)
    }
}

/// `reconnect` of the accepted message; delays in milliseconds.
public struct ReconnectAdvice: Sendable, Encodable {
    public var minDelay = 1000
    public var maxDelay = 30000
    public var jitterFactor = 0.1
    public var initialDelay = 1000

    enum CodingKeys: String, CodingKey {
        case minDelay = "min_delay"
        case maxDelay = "max_delay"
        case jitterFactor = "jitter_factor"
        case initialDelay = "initial_delay"
    }
}
