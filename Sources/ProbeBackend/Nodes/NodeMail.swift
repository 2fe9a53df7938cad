/// A batch of a node's messages, sorted into what to store and what to reply.
struct NodeMail {
    private enum Reply {
        case heartbeat
        case pong
        case error(ErrorMessage)
    }

    private(set) var answers: [Answer] = []
    /// The newest of each job.
    private(set) var partials: [String: PartialResult] = [:]
    /// The newest one.
    private(set) var heartbeat: RawJSON?
    /// What it says of the node's load.
    private(set) var load: LoadHistory.Sample?
    private(set) var ignoredTypes: [String] = []
    private var replies: [Reply] = []
    private let node: String
    private let takesCheckResults: Bool

    init(node: String, takesCheckResults: Bool = false) {
        self.node = node
        self.takesCheckResults = takesCheckResults
    }

    mutating func take(_ text: [UInt8]) {
        do {
            guard let object = try RawObject(text) else { return complain("The message is not an object.") }
            switch try JSONText.decode(NodeMessage.self, from: text) {
            case .heartbeat(let message): take(message, text)
            case .response(let message): take(message, result: object["result"])
            case .progress(let message): take(message, partial: object["partial"])
            case .ping: replies.append(.pong)
            case .other(let type): ignoredTypes.append(type)
            }
        } catch {
            complain(NodeGateway.sentence(for: error))
        }
    }

    private mutating func take(_ message: HeartbeatMessage, _ text: [UInt8]) {
        if let complaint = message.complaint(expecting: node) { return complain(complaint) }
        heartbeat = RawJSON(checked: text)
        load = LoadHistory.Sample(load: message.currentLoad, inFlight: message.inFlight)
        replies.append(.heartbeat)
    }

    private mutating func take(_ message: ResponseMessage, result: RawJSON?) {
        guard RequestID.isValid(message.requestID) else { return complain("\"request_id\" is not a request id.") }
        guard let result, result.isObject else {
            return complain("\"result\" is missing or not an object.", about: message.requestID)
        }
        var answer = Answer(
            requestID: message.requestID, success: message.success, executionTime: message.executionTime,
            errorCode: Self.errorCode(of: result), result: result)
        if takesCheckResults, let check = message.check {
            guard let tool = Self.text("tool", of: result), let target = Self.text("target", of: result) else {
                return complain("\"result\" of a check must name its tool and target.", about: message.requestID)
            }
            answer.check = .init(id: String(check.id.prefix(256)), tool: tool, target: target)
        }
        answers.append(answer)
    }

    private static func errorCode(of result: RawJSON) -> String? {
        text("error_code", of: result).flatMap { RequestID.isValid($0) ? $0 : nil }
    }

    private static func text(_ member: StaticString, of result: RawJSON) -> String? {
        (try? RawObject(result.bytes))?[member].flatMap { try? JSONText.decode(String.self, from: $0.bytes) }
    }

    /// It may be lost as it is, so one that cannot be used is passed over without a word.
    private mutating func take(_ message: ProgressMessage, partial: RawJSON?) {
        guard let partial, partial.isObject, message.sequence > 0 else { return }
        partials[message.requestID] = PartialResult(sequence: message.sequence, partial: partial)
    }

    private mutating func complain(_ sentence: String, about requestID: String? = nil) {
        replies.append(.error(ErrorMessage(code: "invalid_message", message: sentence, requestID: requestID)))
    }

    func replies(at now: Instant) throws -> [[UInt8]] {
        try replies.map { reply in
            switch reply {
            case .heartbeat: try JSONText.encode(HeartbeatAcknowledgement(serverTime: now, timestamp: now))
            case .pong: try JSONText.encode(PongMessage(timestamp: now))
            case .error(let message): try JSONText.encode(message)
            }
        }
    }
}
