/// What is to be measured, as far as jobs, measurements and schedules have it in common, checked.
struct ProbeOrder {
    private static let largestParameters = 256 << 10
    private static let longestTarget = 4096

    let tool: String
    let parameters: RawJSON
    let priority: Int
    /// Seconds; nil leaves it to the node.
    let timeout: Double?
    let wantsProgress: Bool
    /// Seconds that its jobs are held for a node.
    let expiresIn: Double
    let selector: NodeSelector

    private struct Body: Decodable {
        let tool: String
        let priority: Int?
        let timeout: Double?
        let progress: Bool?
        let expiresIn: Double?
        let select: NodeSelector?

        enum CodingKeys: String, CodingKey {
            case tool, priority, timeout, progress, select
            case expiresIn = "expires_in"
        }
    }

    /// - Throws: `Problem` naming the first field that is wrong.
    init(_ object: RawObject) throws {
        let body = try RequestJSON.decode(Body.self, from: object.bytes)
        tool = body.tool
        try Problem.require(
            Self.isWord(tool), "\"tool\" must be 1 to 64 lower-case letters, digits and underscores.")
        priority = body.priority ?? 1
        try Problem.require((-1000...1000).contains(priority), "\"priority\" must lie between -1000 and 1000.")
        timeout = body.timeout
        try Problem.require((0.1...600).contains(timeout ?? 1), "\"timeout\" must lie between 0.1 and 600 seconds.")
        wantsProgress = body.progress ?? false
        expiresIn = body.expiresIn ?? 3600
        try Problem.require(
            (1...604_800).contains(expiresIn), "\"expires_in\" must lie between 1 and 604800 seconds.")
        selector = body.select ?? NodeSelector()
        try selector.check()
        parameters = try Self.parameters(object)
    }

    static func check(target: String) throws {
        try Problem.require(
            (1...longestTarget).contains(target.utf8.count) && !target.utf8.contains(0),
            "\"target\" must be 1 to \(longestTarget) bytes without NUL.")
    }

    private static func parameters(_ object: RawObject) throws -> RawJSON {
        guard let parameters = object["parameters"], !parameters.isNull else { return .emptyObject }
        try Problem.require(parameters.isObject, "\"parameters\" is not an object.")
        try Problem.require(
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
}
