/// A measurement as a client posts it, checked.
struct MeasurementPost {
    let record: MeasurementRecord
    let selector: NodeSelector
    /// Seconds to hold the answer.
    let wait: Double

    private struct Body: Decodable {
        let target: String
        let count: NodeCount?
        let wait: Double?
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    init(_ object: RawObject, at now: Instant) throws {
        let order = try ProbeOrder(object)
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        try ProbeOrder.check(target: body.target)
        selector = order.selector
        wait = try JobPost.checkedWait(body.wait ?? 0)
        record = MeasurementRecord(
            id: RequestID.make(), tool: order.tool, target: body.target, parameters: order.parameters,
            timeout: order.timeout, priority: order.priority, wantsProgress: order.wantsProgress,
            selector: try selector.stored(), nodeCount: try NodeCount.checked(body.count, of: selector),
            createdAt: now, expiresAt: now.adding(seconds: order.expiresIn))
    }
}

/// On how many nodes: `3`, or `"all"`.
enum NodeCount: Decodable {
    private static let most = 1000

    case some(Int)
    case all

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            // A word that is none is refused like a number that is none.
            self = text == "all" ? .all : .some(0)
        } else {
            self = .some(try container.decode(Int.self))
        }
    }

    /// Nil for all. Left out, it is as many as the selector names, or one.
    static func checked(_ count: NodeCount?, of selector: NodeSelector) throws -> Int? {
        let most = selector.nodes.isEmpty ? Self.most : selector.nodes.count
        switch count ?? .some(max(1, selector.nodes.count)) {
        case .all: return nil
        case .some(let number):
            try Problem.require(
                (1...most).contains(number), "\"count\" must be \"all\" or lie between 1 and \(most).")
            return number
        }
    }
}
