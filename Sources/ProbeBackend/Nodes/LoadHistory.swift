/// A node's load at its last heartbeats, oldest first.
struct LoadHistory: Sendable {
    private static let length = 60

    /// What a heartbeat says.
    struct Sample: Sendable {
        /// 0 to 1.
        let load: Double
        /// Jobs that run; nil when the node does not say.
        let inFlight: Int?
    }

    /// Each as JSON: `[milliseconds,load,in_flight]`.
    private var samples: [String] = []

    /// - Parameter stored: as `json` gave it.
    init(_ stored: RawJSON?) {
        guard let stored, let ranges = try? JSONScanner.elements(of: stored.bytes, depth: RawJSON.maximumDepth) else {
            return
        }
        samples = ranges.map { String(decoding: stored.bytes[$0], as: UTF8.self) }
    }

    mutating func append(_ sample: Sample, at now: Instant) {
        let load = (sample.load * 1000).rounded() / 1000
        samples.append("[\(now.milliseconds),\(load),\(sample.inFlight.map(String.init) ?? "null")]")
        samples.removeFirst(max(0, samples.count - Self.length))
    }

    var json: RawJSON { RawJSON(checked: Array("[\(samples.joined(separator: ","))]".utf8)) }
}
