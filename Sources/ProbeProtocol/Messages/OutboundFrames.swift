import ProbeNative

/// The node's first frame on a connection.
public struct AuthenticationFrame: Report {
    public static let protocolVersion = 1
    public static let features = ["cancel", "progress", "server_shutdown"]

    public var nodeUUID: String
    public var apiKey: String
    public var version: String
    public var hostname: String
    public var tools: [String]
    public var maxConcurrent: Int

    public init(
        nodeUUID: String, apiKey: String, version: String, hostname: String, tools: [String], maxConcurrent: Int
    ) {
        self.nodeUUID = nodeUUID
        self.apiKey = apiKey
        self.version = version
        self.hostname = hostname
        self.tools = tools
        self.maxConcurrent = maxConcurrent
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("node_uuid", nodeUUID)
        writer.field("api_key", apiKey)
        writer.field("version", version)
        writer.field("hostname", hostname)
        writer.object("capabilities") { writer in
            writer.strings("tools", tools)
            writer.field("max_concurrent", maxConcurrent)
            writer.field("protocol", Self.protocolVersion)
            writer.strings("features", Self.features)
        }
    }
}

public enum NodeState: String, Sendable, Hashable { case ready, draining, degraded }

public struct HeartbeatFrame: Report {
    public var nodeUUID: String
    /// Whole seconds since the node started.
    public var uptime: Int
    /// 0-1: the larger of the pool's occupancy and the CPU's.
    public var currentLoad: Double
    /// Percent, 0-100, of the cgroup where there is one.
    public var cpuUsage: Double
    public var memoryUsage: Double
    public var errorCount: Int
    public var diagnosticsExecuted: Int
    public var state: NodeState
    public var inFlight: Int
    public var queued: Int
    public var maxConcurrent: Int
    public var resultsUnsent: Int
    public var rejected: Int
    public var clockOffset: Duration?
    public var timestamp: WallTime

    public init(
        nodeUUID: String, uptime: Int, currentLoad: Double, cpuUsage: Double, memoryUsage: Double, errorCount: Int,
        diagnosticsExecuted: Int, state: NodeState, inFlight: Int, queued: Int, maxConcurrent: Int, resultsUnsent: Int,
        rejected: Int, clockOffset: Duration?, timestamp: WallTime
    ) {
        self.nodeUUID = nodeUUID
        self.uptime = uptime
        self.currentLoad = currentLoad
        self.cpuUsage = cpuUsage
        self.memoryUsage = memoryUsage
        self.errorCount = errorCount
        self.diagnosticsExecuted = diagnosticsExecuted
        self.state = state
        self.inFlight = inFlight
        self.queued = queued
        self.maxConcurrent = maxConcurrent
        self.resultsUnsent = resultsUnsent
        self.rejected = rejected
        self.clockOffset = clockOffset
        self.timestamp = timestamp
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "heartbeat")
        writer.field("node_uuid", nodeUUID)
        writer.field("uptime", uptime)
        writer.field("current_load", min(1, max(0, currentLoad)))
        writer.field("cpu_usage", min(100, max(0, cpuUsage)))
        writer.field("memory_usage", min(100, max(0, memoryUsage)))
        writer.field("error_count", errorCount)
        writer.field("diagnostics_executed", diagnosticsExecuted)
        writer.field("pending_jobs", inFlight + queued)
        writer.field("state", state.rawValue)
        writer.field("in_flight", inFlight)
        writer.field("queued", queued)
        writer.field("max_concurrent", maxConcurrent)
        writer.field("results_unsent", resultsUnsent)
        writer.field("rejected", rejected)
        if let clockOffset { writer.field("clock_offset_ms", clockOffset) }
        writer.field("timestamp", .time(timestamp))
    }
}

/// The answer to `{"type":"ping"}`.
public struct PongFrame: Report {
    public var timestamp: WallTime
    public init(timestamp: WallTime) { self.timestamp = timestamp }

    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "pong")
        writer.field("timestamp", .time(timestamp))
    }
}

/// A partial result of a job that asked for progress.
public struct ProgressFrame: Report {
    public var requestID: String
    /// From 1.
    public var sequence: Int
    public var partial: any Report

    public init(requestID: String, sequence: Int, partial: any Report) {
        self.requestID = requestID
        self.sequence = sequence
        self.partial = partial
    }

    public func write(to writer: inout some ReportWriter) {
        writer.field("type", "diagnostic_progress")
        writer.field("request_id", requestID)
        writer.field("seq", sequence)
        writer.object("partial") { partial.write(to: &$0) }
    }

    /// The frame's bytes, at most `limit`: parts are left out in the order of `CutPart` until it fits. Nil when it does
    /// not even so: a partial result is not worth more.
    public func encoded(limit: Int) -> [UInt8]? {
        for cut in [nil] + CutPart.allCases.map(Optional.some) {
            let bytes = JSONWriter.object(self, leavingOut: cut)
            if bytes.count <= limit { return bytes }
        }
        return nil
    }
}

extension Report {
    /// The report as one JSON object.
    public func encoded() -> [UInt8] { JSONWriter.object(self) }
}
