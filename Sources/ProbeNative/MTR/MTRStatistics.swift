/// Loss and round-trip times of a hop, or of one of its addresses.
public struct MTRStatistics: Sendable, Hashable {
    public var sent = 0
    /// In the order of sending, one list a flow: jitter is the change from one probe of a flow to its next.
    var times: [Int: [Duration]] = [:]

    public var received: Int { times.values.reduce(0) { $0 + $1.count } }
    public var lost: Int { max(0, sent - received) }
    /// Percent; nil when nothing was sent.
    public var loss: Double? { sent == 0 ? nil : 100 * Double(lost) / Double(sent) }
    public var last: Duration?

    mutating func add(_ sample: MTRSamples.Sample) {
        sent += 1
        guard let rtt = sample.answer?.rtt else { return }
        times[sample.flow, default: []].append(rtt)
        last = rtt
    }

    public var all: RoundTripStatistics { RoundTripStatistics(times.keys.sorted().flatMap { times[$0] ?? [] }) }

    /// Mean of |difference| of consecutive answers of a flow, over all flows (RFC 3550 6.4.1 without its smoothing).
    public var jitter: Double? {
        let steps = times.values.flatMap { times in
            zip(times.dropFirst(), times).map { abs(($0 - $1).inMilliseconds) }
        }
        return steps.isEmpty ? nil : steps.reduce(0, +) / Double(steps.count)
    }

    func write(to writer: inout some ReportWriter) {
        let all = all
        writer.field("sent", sent)
        writer.field("received", received)
        writer.field("loss", loss)
        writer.field("last_ms", last)
        writer.field("avg_ms", all.average)
        writer.field("best_ms", all.minimum)
        writer.field("worst_ms", all.maximum)
        writer.field("stddev_ms", all.deviation)
        writer.field("jitter_ms", jitter)
    }
}
