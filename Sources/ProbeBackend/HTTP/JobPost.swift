/// A job as a client posts it, checked.
struct JobPost {
    static let longestWait = 300.0

    let job: NewJob
    /// Seconds to hold the answer.
    let wait: Double

    private struct Body: Decodable {
        let node: String?
        let target: String
        let requestID: String?
        let wait: Double?

        enum CodingKeys: String, CodingKey {
            case node, target, wait
            case requestID = "request_id"
        }
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    init(_ object: RawObject, at now: Instant) throws {
        let order = try ProbeOrder(object)
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        try ProbeOrder.check(target: body.target)
        let node = body.node ?? "any"
        try Problem.require(
            (1...64).contains(node.utf8.count) && !node.utf8.contains(0), "\"node\" must be a node's UUID or \"any\".")
        try Problem.require(
            node == "any" || order.selector == NodeSelector(), "\"node\" and \"select\" exclude each other.")
        let requestID = body.requestID ?? RequestID.make()
        try Problem.require(
            RequestID.isValid(requestID),
            "\"request_id\" must be 1 to 128 letters, digits, dots, colons, hyphens and underscores.")
        wait = try Self.checkedWait(body.wait ?? 0)
        job = NewJob(
            requestID: requestID, node: node == "any" ? nil : node.lowercased(), anyNode: node == "any",
            tool: order.tool, target: body.target, parameters: order.parameters, priority: order.priority,
            timeout: order.timeout, wantsProgress: order.wantsProgress, createdAt: now,
            expiresAt: now.adding(seconds: order.expiresIn), selector: try order.selector.stored())
    }

    static func checkedWait(_ seconds: Double) throws -> Double {
        try Problem.require(
            (0...longestWait).contains(seconds), "\"wait\" must lie between 0 and \(Int(longestWait)) seconds.")
        return seconds
    }
}
