import ProbeNative

/// What two sides came to, round after round.
struct Comparison: Sendable {
    let tool: String
    let labels: (first: String, second: String)
    /// The option that tells them apart; nil for two targets.
    let option: String?
    let rounds: Int
    private var begun: [Pair] = []
    /// Of the rounds in which both sides were measured: half a round compares nothing.
    var pairs: [Pair] { begun.filter { $0.first != nil && $0.second != nil } }

    struct Pair: Sendable {
        var first: ProbeResult?
        var second: ProbeResult?
    }

    enum Side { case first, second }

    /// In which order a round goes: A B, then B A, so that what drifts weighs on both alike.
    static func order(inRound round: Int) -> [Side] { round % 2 == 0 ? [.first, .second] : [.second, .first] }

    init(_ tool: String, _ sides: ComparedSides, rounds: Int) {
        self.init(tool, (sides.first.label, sides.second.label), option: sides.option, rounds: rounds)
    }

    init(_ tool: String, _ labels: (first: String, second: String), option: String?, rounds: Int) {
        (self.tool, self.labels, self.option, self.rounds) = (tool, labels, option, rounds)
    }

    mutating func add(_ result: ProbeResult, _ side: Side, round: Int) {
        if round == begun.count { begun.append(Pair()) }
        switch side {
        case .first: begun[round].first = result
        case .second: begun[round].second = result
        }
    }

    func results(_ side: Side) -> [ProbeResult] { pairs.compactMap { side == .first ? $0.first : $0.second } }

    var roundsDone: Int { pairs.count }

    // MARK: Verdicts

    struct Verdict: Equatable {
        /// "ok" or an error code.
        var name: String
        var count: Int
    }

    /// The most frequent first.
    func verdicts(_ side: Side) -> [Verdict] {
        let names = results(side).map { $0.outcome.failure?.code.rawValue ?? "ok" }
        return Dictionary(grouping: names) { $0 }.map { Verdict(name: $0.key, count: $0.value.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }

    var sameVerdict: Bool { verdicts(.first).first?.name == verdicts(.second).first?.name }

    /// The node itself could not do it, on neither side.
    var isUnmeasured: Bool {
        let all = results(.first) + results(.second)
        return all.allSatisfy { $0.outcome.failure.map { !$0.isMeasurement } ?? false }
    }

    // MARK: Answers

    struct Difference {
        var name: String
        var weight: Fact.Weight
        /// What one side was told and the other was not, in all rounds together.
        var first: [String]
        var second: [String]
    }

    /// What is told by both, by name; in the order of the facts.
    var answers: (same: [String], differences: [Difference]) {
        let (first, second) = (facts(.first), facts(.second))
        var (same, differences, hasParted): ([String], [Difference], Bool) = ([], [], false)
        for name in first.names + second.names.filter({ first.sets[$0] == nil }) {
            let (one, other) = (first.sets[name] ?? [], second.sets[name] ?? [])
            let weight = first.weights[name] ?? second.weights[name] ?? .answer
            let isSame =
                weight == .path
                ? one.isEmpty || other.isEmpty || !one.isDisjoint(with: other) : one == other
            if isSame {
                if weight != .remark, !hasParted { same.append(name) }
                continue
            }
            // Beyond the place where two paths part they are two paths.
            if weight == .path, hasParted { continue }
            if weight == .path { hasParted = true }
            differences.append(
                Difference(
                    name: name, weight: weight, first: one.subtracting(other).sorted(),
                    second: other.subtracting(one).sorted()))
        }
        return (same, differences)
    }

    private func facts(_ side: Side) -> (names: [String], sets: [String: Set<String>], weights: [String: Fact.Weight]) {
        var (names, sets, weights): ([String], [String: Set<String>], [String: Fact.Weight]) = ([], [:], [:])
        for fact in results(side).flatMap(Fact.of) {
            if sets[fact.name] == nil { names.append(fact.name) }
            sets[fact.name, default: []].formUnion(fact.values)
            weights[fact.name] = fact.weight
        }
        return (names, sets, weights)
    }

    /// Verdicts and answers; times do not count.
    var isSame: Bool { !pairs.isEmpty && sameVerdict && answers.differences.allSatisfy { $0.weight == .remark } }

    /// As cmp(1) and diff(1): 0 the same, 1 different, 2 nothing to compare.
    var exitCode: Int32 { isUnmeasured ? 2 : isSame ? 0 : 1 }
}
