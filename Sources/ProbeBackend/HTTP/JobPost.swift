/// A job as a client posts it, checked.
struct JobPost {
    let job: NewJob
    /// Seconds to hold the answer.
    let wait: Double

    static let longestWait = 300.0
    private static let largestParameters = 256 << 10
    private static let longestTarget = 4096

    private struct Body: Decodable {
        let node: String?
        let tool: String
        let target: String
        let priority: Int?
        let timeout: Double?
        let progress: Bool?
        let expiresIn: Double?
        let requestID: String?
        let wait: Double?

        enum CodingKeys: String, CodingKey {
            case node, tool, target, priority, timeout, progress, wait
            case expiresIn = "expires_in"
            case requestID = "request_id"
        }
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    init(_ object: RawObject, at now: Instant) throws {
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        let node = body.node ?? "any"
        try Self.require(
            Self.isWord(body.tool), "\"tool\" must be 1 to 64 lower-case letters, digits and underscores.")
        try Self.require(
            (1...Self.longestTarget).contains(body.target.utf8.count) && !body.target.utf8.contains(0),
            "\"target\" must be 1 to \(Self.longestTarget) bytes without NUL.")
        try Self.require(
            (1...64).contains(node.utf8.count) && !node.utf8.contains(0), "\"node\" must be a node's UUID or \"any\".")
        let priority = body.priority ?? 1
        try Self.require((-1000...1000).contains(priority), "\"priority\" must lie between -1000 and 1000.")
        try Self.require(
            (0.1...600).contains(body.timeout ?? 1), "\"timeout\" must lie between 0.1 and 600 seconds.")
        let expiresIn = body.expiresIn ?? 3600
        try Self.require((1...604_800).contains(expiresIn), "\"expires_in\" must lie between 1 and 604800 seconds.")
        let requestID = body.requestID ?? RequestID.make()
        try Self.require(
            RequestID.isValid(requestID),
            "\"request_id\" must be 1 to 128 letters, digits, dots, colons, hyphens and underscores.")
        wait = try Self.checkedWait(body.wait ?? 0)
        job = NewJob(
            requestID: requestID, node: node == "any" ? nil : node.lowercased(), anyNode: node == "any",
            tool: body.tool, target: body.target, parameters: try Self.parameters(object), priority: priority,
            timeout: body.timeout, wantsProgress: body.progress ?? false, createdAt: now,
            expiresAt: now.adding(seconds: expiresIn))
    }

    static func checkedWait(_ seconds: Double) throws -> Double {
        try require((0...longestWait).contains(seconds), "\"wait\" must lie between 0 and \(Int(longestWait)) seconds.")
        return seconds
    }

    private static func parameters(_ object: RawObject) throws -> RawJSON {
        guard let parameters = object["parameters"], !parameters.isNull else { return .emptyObject }
        try require(parameters.isObject, "\"parameters\" is not an object.")
        try require(
            parameters.bytes.count <= largestParameters, "\"parameters\" is over \(largestParameters) bytes.")
        return parameters
    }

    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            }
    }

    private static func require(_ condition: Bool, _ complaint: String) throws {
        guard condition else { throw Problem.invalidRequest(complaint) }
    }
}
