import Logging
import ProbeNative

/// Everything that an operator decides about a node. The defaults are here and nowhere else; `Setting.all` says how each
/// value is given and what is allowed.
public struct AgentConfiguration: Sendable {
    /// Base URL of the backend, as it was given (wire protocol section 1).
    public var backend: String
    /// Usually a UUID; servers in the field also hand out other identifiers, so any word is taken.
    public var nodeUUID: String
    public var apiKey: Secret
    /// Where the key came from when it came from a file.
    public var apiKeyFile: String?
    public var enrollment = Enrollment()
    /// As the node calls itself towards the backend.
    public var hostname: String
    public var heartbeat: Duration = .seconds(15)
    public var logLevel: Logger.Level = .info
    /// PEM file with authorities to trust beside the system's.
    public var caFile: String?
    public var access = BackendAccess()
    /// Header fields whose values are in no result.
    public var redactedHeaders = HeaderRedaction.none
    /// Allows `ws://` to an address that is not loopback, which sends the key in the clear.
    public var allowPlaintext = false
    /// Diagnostics that run at once.
    public var maxConcurrent = 256
    /// Diagnostics that wait for a slot; beyond it jobs are answered `queue_full`.
    public var queueLimit = 4096
    /// Bytes of one encoded answer; larger ones are cut.
    public var maxResultBytes = 1 << 20
    public var reconnect = ReconnectPolicy()
    /// Folder for what must outlive the process; nil for a node that keeps nothing.
    public var stateDirectory: String?
    public var outbox = OutboxLimits()
    /// Where the node can be asked and drained.
    public var controlSocket = ControlSocket.automatic
    /// Where the settings came from, beside flags and environment.
    public var configFile: String?
    /// The process gives up what it does not need (`Hardening`). Off for debuggers, sanitizers and valgrind.
    public var isHardened = true
    /// Whom a process started by root becomes; nil to stay who it is.
    public var user: ProcessUser?

    /// What jobs of the backend may reach, and how often.
    public var policy = TargetPolicy()
    public var rates = RateLimits()
    /// File that gets a line for each job.
    public var auditLog: String?
    /// The tools that jobs may use; nil for all.
    public var tools: Set<String>?
    /// File of checks that the node runs besides its jobs.
    public var watchFile: String?

    public var logFormat = LogFormat.logfmt
    /// Where the metrics can be fetched.
    public var metricsListen: LocalAddress?
    /// File that gets the metrics now and then.
    public var metricsTextfile: String?

    public init(backend: String, nodeUUID: String, apiKey: Secret, hostname: String? = nil) {
        self.backend = backend
        self.nodeUUID = nodeUUID
        self.apiKey = apiKey
        self.hostname = hostname ?? Startup.hostname
    }
}
