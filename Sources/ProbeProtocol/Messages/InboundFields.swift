import ProbeNative

/// The members that any inbound message may have, before its type is known: servers write them in any order.
struct InboundFields {
    /// Longer identifiers are not usable: they would travel through logs and memory for nothing.
    static let longestRequestID = 256

    private var type: ParameterValue?
    private var status: ParameterValue?
    private var message: ParameterValue?
    private var details: ParameterValue?
    private var code: ParameterValue?
    private var nodeUUID: ParameterValue?
    private var connectionID: ParameterValue?
    private var reconnect: ParameterValue?
    private var reconnectIn: ParameterValue?
    private var serverTime: ParameterValue?
    private var features: ParameterValue?
    private var timestamp: ParameterValue?
    private var requestID: ParameterValue?
    private var tool: ParameterValue?
    private var target: ParameterValue?
    private var parameters: ParameterValue?
    private var priority: ParameterValue?
    private var timeout: ParameterValue?
    private var progress: ParameterValue?

    mutating func read(_ name: JSONName, _ parser: inout JSONParser) throws(MalformedMessage) {
        let value = try parser.value(depth: 1)
        switch name {
        case "type": type = value
        case "request_id": requestID = value
        case "tool": tool = value
        case "target": target = value
        case "parameters": parameters = value
        // An alias seen in the field; the proper name wins.
        case "params": parameters = parameters ?? value
        case "priority": priority = value
        case "timeout": timeout = value
        case "progress": progress = value
        case "status": status = value
        case "message": message = value
        case "details": details = value
        case "code": code = value
        case "node_uuid": nodeUUID = value
        case "connection_id": connectionID = value
        case "reconnect": reconnect = value
        case "reconnect_in": reconnectIn = value
        case "server_time": serverTime = value
        case "features": features = value
        case "timestamp": timestamp = value
        default: break
        }
    }

    /// - Parameter size: of the message, in bytes.
    func classified(size: Int) throws(MalformedMessage) -> InboundMessage {
        guard let type else { return untyped() }
        switch type.text {
        case "diagnostic_job", "diagnostic_request": return .job(try job(size))
        case "result_received": return .resultReceived(requestID: try usableRequestID())
        case "cancel_job": return .cancel(requestID: try usableRequestID())
        case "heartbeat_ack": return .heartbeatAck(serverTime: serverTime?.text ?? timestamp?.text)
        case "ping": return .ping
        case "error":
            if code?.text == "unknown_job", let requestID = requestID?.text { return .unknownJob(requestID: requestID) }
            return .error(message: message?.text ?? "no message")
        case "server_shutdown": return .serverShutdown(reconnectIn: reconnectIn?.milliseconds)
        default: return .unknown(type: type.text)
        }
    }

    /// The authentication's answers carry no type.
    private func untyped() -> InboundMessage {
        switch status?.text {
        case "connected":
            .accepted(
                AuthenticationAccepted(
                    message: message?.text ?? "", nodeUUID: nodeUUID?.text, connectionID: connectionID?.text,
                    reconnect: hints, serverTime: serverTime?.text, features: featureNames))
        case "error": .refused(message: message?.text ?? "no message", details: details?.text)
        default: .unknown(type: nil)
        }
    }

    private var featureNames: Set<String> {
        guard case .array(let names) = features else { return [] }
        return Set(names.compactMap(\.text))
    }

    private var hints: ReconnectHints {
        guard case .object(let members) = reconnect else { return ReconnectHints() }
        func find(_ name: String) -> ParameterValue? { members.last { $0.name == name }?.value }
        return ReconnectHints(
            minDelay: find("min_delay")?.milliseconds, maxDelay: find("max_delay")?.milliseconds,
            initialDelay: find("initial_delay")?.milliseconds, jitterFactor: find("jitter_factor")?.double)
    }

    private func usableRequestID() throws(MalformedMessage) -> String {
        guard let text = requestID?.text, !text.isEmpty, text.utf8.count <= Self.longestRequestID else {
            throw MalformedMessage(
                "The message has no usable request_id (text of 1 to \(Self.longestRequestID) bytes): it cannot be answered."
            )
        }
        return text
    }

    private func job(_ size: Int) throws(MalformedMessage) -> JobMessage {
        var job = JobMessage(
            requestID: try usableRequestID(), tool: tool?.text ?? "", target: target?.text ?? "", size: size)
        func note(_ name: String, _ value: ParameterValue?, _ wanted: String) {
            guard job.problem == nil else { return }
            job.problem = "\(name) must be \(wanted), " + (value.map { "not \($0.quoted)." } ?? "but is missing.")
        }
        if tool?.text == nil { note("tool", tool, "text") }
        if target?.text == nil { note("target", target, "text") }
        switch parameters {
        case nil, .null: break
        case .object(let members): job.parameters = members
        default: note("parameters", parameters, "an object")
        }
        switch priority {
        case nil, .null: break
        case let value?:
            if let number = value.double, let whole = Int(exactly: number.rounded()) {
                job.priority = whole
            } else {
                note("priority", value, "a number")
            }
        }
        switch timeout {
        case nil, .null: break
        case let value?:
            if let number = value.double { job.timeout = number } else { note("timeout", value, "a number of seconds") }
        }
        if case .bool(true) = progress { job.wantsProgress = true }
        return job
    }
}

extension ParameterValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }

    fileprivate var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// A delay on the wire: a number of milliseconds, 0 to a day.
    fileprivate var milliseconds: Duration? {
        guard let double, (0...86_400_000).contains(double) else { return nil }
        return .milliseconds(double)
    }
}
