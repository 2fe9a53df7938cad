/// What the jobs of a measurement say together.
struct MeasurementSummary: Encodable {
    /// Nodes that have a job of it.
    let nodes: Int
    /// Jobs whose node measured, and found the target well.
    let succeeded: Int
    /// Jobs that are finished in any other way.
    let failed: Int
    let byErrorCode: [String: Int]
    /// Seconds; null before the first answer.
    let executionTime: Spread?
    /// By `tool.metric`: of each node that has it.
    let metrics: [String: Metric]
    /// Only of dns: who got the same records.
    let answers: [AnswerSet]?

    struct Spread: Encodable {
        let min: Double
        let median: Double
        let max: Double

        /// Nil without values.
        init?(_ values: some Sequence<Double>) {
            let sorted = values.sorted()
            guard let first = sorted.first, let last = sorted.last else { return nil }
            let middle = sorted.count / 2
            min = first
            median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
            max = last
        }
    }

    struct Metric: Encodable {
        private let spread: Spread
        private let byNode: [String: Double]

        private enum CodingKeys: String, CodingKey {
            case min, median, max
            case byNode = "by_node"
        }

        init?(_ byNode: [String: Double]) {
            guard let spread = Spread(byNode.values) else { return nil }
            self.spread = spread
            self.byNode = byNode
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(spread.min, forKey: .min)
            try container.encode(spread.median, forKey: .median)
            try container.encode(spread.max, forKey: .max)
            try container.encode(byNode, forKey: .byNode)
        }
    }

    struct AnswerSet: Encodable {
        /// `A 192.0.2.1`, sorted.
        let records: [String]
        let nodes: [String]
    }

    private enum CodingKeys: String, CodingKey {
        case nodes, succeeded, failed, metrics, answers
        case byErrorCode = "by_error_code"
        case executionTime = "execution_time"
    }

    init(_ jobs: [JobRecord]) {
        nodes = Set(jobs.compactMap(\.job.node)).count
        succeeded = jobs.count(where: \.hasSucceeded)
        failed = jobs.count { $0.state.isFinal && !$0.hasSucceeded }
        byErrorCode = Dictionary(jobs.compactMap { job in job.errorCode.map { ($0, 1) } }, uniquingKeysWith: +)
        executionTime = Spread(jobs.compactMap(\.executionTime))
        var values: [String: [String: Double]] = [:]
        var sets: [[String]: [String]] = [:]
        for job in jobs {
            guard let node = job.job.node, let result = job.result else { continue }
            for (metric, value) in ResultMetrics.values(of: job.job.tool, in: result) {
                values["\(job.job.tool).\(metric)", default: [:]][node] = value
            }
            if job.job.tool == "dns", let records = ResultMetrics.records(in: result) {
                sets[records, default: []].append(node)
            }
        }
        metrics = values.compactMapValues(Metric.init)
        answers =
            sets.isEmpty
            ? nil
            : sets.map { AnswerSet(records: $0, nodes: $1.sorted()) }.sorted {
                ($1.nodes.count, $0.records.joined()) < ($0.nodes.count, $1.records.joined())
            }
    }
}

extension JobRecord {
    /// The node measured, and the target did well: every result of one that did not has an `error_code`.
    var hasSucceeded: Bool { state == .done && errorCode == nil }
}
