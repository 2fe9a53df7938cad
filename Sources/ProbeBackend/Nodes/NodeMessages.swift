/// The first frame of a node.
struct AuthenticationMessage: Decodable {
    let nodeUUID: String
    let apiKey: String
    let version: String?
    let hostname: String?
    let capabilities: Capabilities?

    struct Capabilities: Decodable {
        let maxConcurrent: Int?

        enum CodingKeys: String, CodingKey {
            case maxConcurrent = "max_concurrent"
        }
    }

    enum CodingKeys: String, CodingKey {
        case nodeUUID = "node_uuid"
        case apiKey = "api_key"
        case version, hostname, capabilities
    }
}

/// Any later frame of a node, as far as the backend acts on it.
enum NodeMessage: Decodable {
    case heartbeat(HeartbeatMessage)
    case response(ResponseMessage)
    case progress(ProgressMessage)
    case ping
    /// Known and of no consequence here, or unknown: ignored either way.
    case other(type: String)

    private enum CodingKeys: String, CodingKey {
        case type
    }

    init(from decoder: any Decoder) throws {
        let type = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .type)
        self =
            switch type {
            case "heartbeat": .heartbeat(try HeartbeatMessage(from: decoder))
            case "diagnostic_response": .response(try ResponseMessage(from: decoder))
            case "diagnostic_progress": .progress(try ProgressMessage(from: decoder))
            case "ping": .ping
            default: .other(type: type)
            }
    }
}

struct HeartbeatMessage: Decodable {
    let nodeUUID: String
    let uptime: Int
    let currentLoad: Double
    let cpuUsage: Double
    let memoryUsage: Double
    let inFlight: Int?

    enum CodingKeys: String, CodingKey {
        case nodeUUID = "node_uuid"
        case uptime
        case currentLoad = "current_load"
        case cpuUsage = "cpu_usage"
        case memoryUsage = "memory_usage"
        case inFlight = "in_flight"
    }

    /// One sentence about the first field out of its range, nil when all are well.
    func complaint(expecting node: String) -> String? {
        if nodeUUID.lowercased() != node { return "\"node_uuid\" is not the node that this connection belongs to." }
        if uptime < 0 { return "\"uptime\" must not be negative." }
        if !(0...1).contains(currentLoad) { return "\"current_load\" must lie between 0 and 1." }
        if !(0...100).contains(cpuUsage) { return "\"cpu_usage\" must lie between 0 and 100." }
        if !(0...100).contains(memoryUsage) { return "\"memory_usage\" must lie between 0 and 100." }
        return nil
    }
}

struct ResponseMessage: Decodable {
    let requestID: String
    let success: Bool
    let executionTime: Double?
    /// There when nobody asked for the result: it is of one of the node's own checks.
    let check: Check?

    struct Check: Decodable {
        let id: String
    }

    enum CodingKeys: String, CodingKey {
        case requestID = "request_id"
        case success, check
        case executionTime = "execution_time"
    }
}

/// A partial result. `partial` is taken as it came.
struct ProgressMessage: Decodable {
    let requestID: String
    let sequence: Int

    enum CodingKeys: String, CodingKey {
        case requestID = "request_id"
        case sequence = "seq"
    }
}

struct AcceptedMessage: Encodable {
    let status = "connected"
    let message = "Authenticated."
    let nodeUUID: String
    let connectionID: String
    let reconnect: ReconnectAdvice
    let serverTime: Instant
    /// Nil: the common protocol and no more.
    let features: [String]?

    enum CodingKeys: String, CodingKey {
        case status, message, reconnect, features
        case nodeUUID = "node_uuid"
        case connectionID = "connection_id"
        case serverTime = "server_time"
    }
}

/// A refusal carries no `type`.
struct RefusalMessage: Encodable {
    let status = "error"
    let message: String
    let details: String
}

struct HeartbeatAcknowledgement: Encodable {
    let status = "ok"
    let type = "heartbeat_ack"
    let serverTime: Instant
    let timestamp: Instant

    enum CodingKeys: String, CodingKey {
        case status, type, timestamp
        case serverTime = "server_time"
    }
}

struct ResultAcknowledgement: Encodable {
    let status = "ok"
    let type = "result_received"
    let requestID: String

    enum CodingKeys: String, CodingKey {
        case status, type
        case requestID = "request_id"
    }
}

/// A frame that could not be used. `code` is stable: `invalid_message`, `unknown_job` or `store_unavailable`.
struct ErrorMessage: Encodable {
    let type = "error"
    let code: String
    let message: String
    var requestID: String?

    enum CodingKeys: String, CodingKey {
        case type, code, message
        case requestID = "request_id"
    }
}

struct PongMessage: Encodable {
    let type = "pong"
    let timestamp: Instant
}

/// `parameters` is added as it was posted.
struct JobMessage: Encodable {
    let type = "diagnostic_job"
    let requestID: String
    let tool: String
    let target: String
    let priority: Int
    let timeout: Double?
    /// Left out unless true: it is an extension.
    let progress: Bool?
    let timestamp: Instant

    enum CodingKeys: String, CodingKey {
        case type, tool, target, priority, timeout, progress, timestamp
        case requestID = "request_id"
    }
}

struct CancelMessage: Encodable {
    let type = "cancel_job"
    let requestID: String

    enum CodingKeys: String, CodingKey {
        case type
        case requestID = "request_id"
    }
}

struct ShutdownMessage: Encodable {
    let type = "server_shutdown"
    /// Milliseconds.
    let reconnectIn: Int

    enum CodingKeys: String, CodingKey {
        case type
        case reconnectIn = "reconnect_in"
    }
}
