import ProbeNative

/// One of the times that a tool reports, on both sides.
struct ComparedTime {
    /// As the field is called, without its unit.
    var name: String
    /// Milliseconds, in ascending order.
    var first: [Double]
    var second: [Double]
    /// Rounds in which both sides have it: neither run failed.
    var pairs: Int
    /// Second less first; nil where too few rounds are there to tell.
    var difference: SignedRank?

    enum Verdict: String { case tooFew = "too_few_rounds", none, firstFaster = "a_faster", secondFaster = "b_faster" }

    var verdict: Verdict {
        guard let difference else { return .tooFew }
        return difference.isDifferent ? (difference.estimate > 0 ? .firstFaster : .secondFaster) : .none
    }
}

extension Comparison {
    /// How often a comparison without any true difference may claim one, all its times together.
    static let risk = 0.05

    /// Each of the tool's own times that was not nothing everywhere, and the whole run. The risk is shared by them
    /// (Bonferroni), so that many times are no many chances to find something.
    var times: [ComparedTime] {
        let (first, second) = (pairs.map { Self.times($0.first) }, pairs.map { Self.times($0.second) })
        var names: [String] = []
        for name in (first + second).flatMap({ $0.map(\.name) }) where !names.contains(name) { names.append(name) }
        func value(_ times: [(name: String, value: Double)], _ name: String) -> Double? {
            times.first { $0.name == name }?.value
        }
        let rows = names.map { name -> (time: ComparedTime, differences: [Double]) in
            let (one, other) = (first.map { value($0, name) }, second.map { value($0, name) })
            let differences = zip(one, other).compactMap { one, other in one.flatMap { one in other.map { $0 - one } } }
            let time = ComparedTime(
                name: name, first: one.compactMap(\.self).sorted(), second: other.compactMap(\.self).sorted(),
                pairs: differences.count)
            return (time, differences)
        }.filter { row in (row.time.first + row.time.second).contains { abs($0) >= 0.0005 } }
        return rows.map { row in
            var time = row.time
            time.difference = SignedRank(row.differences, risk: Self.risk / Double(rows.count))
            return time
        }
    }

    /// What says the same as another of its tool's fields, or is a wait that was asked for.
    private static let left: Set<String> = ["phases.total_ms", "avg_ms", "stddev_ms"]

    /// None of a run that failed: to be refused at once is not to be fast.
    private static func times(_ result: ProbeResult?) -> [(name: String, value: Double)] {
        guard let result, result.outcome.failure == nil else { return [] }
        var times: [(name: String, value: Double)] = []
        func add(_ name: String, _ tree: ReportTree) {
            switch tree {
            case .value(.number(let value)) where name.hasSuffix("_ms") && !left.contains(name):
                let short = name.hasPrefix("phases.") ? name.dropFirst(7) : name[...]
                times.append((String(short.dropLast(3).map { $0 == "_" ? " " : $0 }), value))
            case .object(let members):
                for member in members { add(name.isEmpty ? member.name : "\(name).\(member.name)", member.tree) }
            case .array(let hops) where name == "hops":
                // The last one is the way to the target.
                if case .object(let members) = hops.last {
                    for member in members where member.name == "ms" { add("last_hop_ms", member.tree) }
                }
            case .value, .array: break
            }
        }
        add("", ReportTree.of(result.outcome.report))
        return times + [(name: "whole run", value: result.run.inMilliseconds)]
    }
}
