/// The text in which Prometheus reads metrics (text format 0.0.4).
public struct Exposition: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable {
        case counter, gauge
    }

    public struct Sample: Sendable {
        public var labels: [String: String]
        public var value: Double

        public init(labels: [String: String] = [:], value: some BinaryInteger) {
            self.init(labels: labels, value: Double(value))
        }

        public init(labels: [String: String] = [:], value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    public private(set) var text = ""

    public init() {}

    public mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        add(name, kind, help, [Sample(value: value)])
    }

    public mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        add(name, kind, help, [Sample(value: value)])
    }

    public mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        head(name, kind, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    /// A histogram for each set of labels; their values in seconds.
    public mutating func add(_ name: String, _ help: String, _ histograms: [(labels: [String: String], Histogram)]) {
        head(name, type: "histogram", help)
        for (labels, histogram) in histograms {
            let snapshot = histogram.snapshot
            var total = 0
            for (count, bound) in zip(snapshot.counts, histogram.bounds + [.infinity]) {
                total += count
                line(name + "_bucket", labels.merging(["le": Self.shown(bound)]) { $1 }, Double(total))
            }
            line(name + "_sum", labels, snapshot.sum)
            line(name + "_count", labels, Double(total))
        }
    }

    /// Begins a metric; its `line`s follow.
    public mutating func head(_ name: String, _ kind: Kind, _ help: String) { head(name, type: kind.rawValue, help) }

    private mutating func head(_ name: String, type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// - Parameter labels: as `list` writes them.
    public mutating func line(_ name: String, labels: String, _ value: Double) {
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)\(braced) \(Self.shown(value))\n"
    }

    private mutating func line(_ name: String, _ labels: [String: String], _ value: Double) {
        line(name, labels: Self.list(labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }), value)
    }

    /// `name="value",...`, in that order.
    public static func list(_ labels: [(name: String, value: String)]) -> String {
        labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    public mutating func append(_ other: Exposition) { text += other.text }

    /// What was written so far; further text begins anew.
    public mutating func take() -> String {
        defer { text = "" }
        return text
    }

    private static func shown(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map { "\($0)" } ?? (value.isNaN ? "NaN" : "\(value)")
    }

    /// By bytes: as a `Character` a quote with a combining mark behind it, or the end of a line of CR LF, is none of these.
    private static func escaped(_ value: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.utf8.count)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += "\\\\".utf8
            case UInt8(ascii: "\""): bytes += "\\\"".utf8
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
