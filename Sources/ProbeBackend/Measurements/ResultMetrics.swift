/// The numbers of each tool's result by which vantage points are compared (docs/tools).
enum ResultMetrics {
    /// Where a number lies in a result.
    private enum Place {
        case member(StaticString)
        /// Of an object, or of the first element of an array.
        case inner(StaticString, StaticString)
        /// How many elements the array has.
        case length(StaticString)
    }

    private static func places(of tool: String) -> [(String, Place)] {
        switch tool {
        case "ping":
            [
                ("avg_ms", .member("avg_ms")), ("packet_loss", .member("packet_loss")),
                ("jitter_ms", .member("jitter_ms")),
            ]
        case "dns", "reverse_dns": [("query_ms", .member("query_ms"))]
        case "http":
            [("response_time_ms", .member("response_time_ms")), ("status_code", .member("status_code"))]
        case "tls": [("days_left", .inner("chain", "days_left")), ("handshake_ms", .member("handshake_ms"))]
        case "traceroute", "mtr": [("hop_count", .length("hops"))]
        case "path_mtu": [("mtu", .member("mtu"))]
        case "tcp": [("connect_ms", .member("connect_ms"))]
        case "port_check":
            [("open", .member("open")), ("closed", .member("closed")), ("filtered", .member("filtered"))]
        case "ntp": [("offset_ms", .member("offset_ms")), ("delay_ms", .member("delay_ms"))]
        case "websocket": [("handshake_ms", .member("handshake_ms"))]
        case "whois": [("days_left", .inner("parsed", "days_left"))]
        default: []
        }
    }

    /// Those that the result has as numbers.
    static func values(of tool: String, in result: RawJSON) -> [(String, Double)] {
        guard let object = try? RawObject(result.bytes) else { return [] }
        return places(of: tool).compactMap { name, place in value(place, in: object).map { (name, $0) } }
    }

    private static func value(_ place: Place, in object: RawObject) -> Double? {
        switch place {
        case .member(let key): object[key].flatMap(number)
        case .inner(let key, let inner):
            object[key].flatMap { (try? RawObject(elements(of: $0)?.first ?? $0.bytes))?[inner] }.flatMap(number)
        case .length(let key): object[key].flatMap(elements).map { Double($0.count) }
        }
    }

    private static func number(_ text: RawJSON) -> Double? {
        Double(String(decoding: text.bytes, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func elements(of array: RawJSON) -> [[UInt8]]? {
        try? JSONScanner.elements(of: array.bytes, depth: RawJSON.maximumDepth)?.map { Array(array.bytes[$0]) }
    }

    // MARK: dns

    private struct Record: Decodable {
        let section: String?
        let type: String
        let value: String
    }

    /// The answer section of a dns result, sorted; nil when the result has no records at all.
    static func records(in result: RawJSON) -> [String]? {
        struct Answer: Decodable { let records: [Record] }
        guard let answer = try? JSONText.decode(Answer.self, from: result.bytes) else { return nil }
        return answer.records.filter { $0.section == nil || $0.section == "answer" }
            .map { "\($0.type) \($0.value)" }.sorted()
    }
}
