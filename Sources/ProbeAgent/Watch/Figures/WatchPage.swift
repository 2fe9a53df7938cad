import ProbeMetrics
import ProbeNative

/// The figures as Prometheus's text, made part by part as it is sent: that of 20,000 checks has 60 MB and more.
struct WatchPage: Sequence, Sendable {
    private static let partSize = 64 << 10

    let entries: [WatchFigures.Entry]
    /// Comes after them.
    let rest: Exposition

    func makeIterator() -> Iterator { Iterator(entries: entries, rest: rest) }

    struct Iterator: IteratorProtocol {
        private let entries: [WatchFigures.Entry]
        private var rest: Exposition?
        private var page = Exposition()
        private var metric = 0
        private var entry = 0
        /// Of each entry, how many samples are written.
        private var written: [Int]
        private var hasHead = false

        init(entries: [WatchFigures.Entry], rest: Exposition) {
            self.entries = entries
            self.rest = rest
            written = Array(repeating: 0, count: entries.count)
        }

        mutating func next() -> [UInt8]? {
            while metric < WatchMetric.allCases.count {
                while entry < entries.count {
                    write()
                    entry += 1
                    if page.text.utf8.count >= WatchPage.partSize { return Array(page.take().utf8) }
                }
                (metric, entry, hasHead) = (metric + 1, 0, false)
            }
            if let rest { page.append(rest) }
            rest = nil
            return page.text.isEmpty ? nil : Array(page.take().utf8)
        }

        /// What the entry has of the metric: samples are in the metrics' order.
        private mutating func write() {
            let samples = entries[entry].samples
            while written[entry] < samples.count, samples[written[entry]].metric.rawValue == metric {
                page.add(samples[written[entry]], labels: entries[entry].labels, isFirst: !hasHead)
                hasHead = true
                written[entry] += 1
            }
        }
    }
}

extension Exposition {
    /// - Parameters:
    ///   - labels: of the check, as `list` writes them.
    ///   - isFirst: of its metric.
    mutating func add(_ sample: WatchSample, labels: String, isFirst: Bool) {
        let definition = sample.metric.definition
        if isFirst { head(definition.exposedName, definition.isCounter ? .counter : .gauge, definition.help) }
        let own = Self.list(sample.labels)
        let both = labels.isEmpty || own.isEmpty ? labels + own : labels + "," + own
        line(definition.exposedName, labels: both, sample.value)
    }

    static func list(_ labels: [Check.Label]) -> String { list(labels.map { ($0.name, $0.value) }) }
}
