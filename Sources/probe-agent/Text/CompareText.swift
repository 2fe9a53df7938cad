import ProbeNative

/// Two sides as a table, within 80 columns as long as the values are short.
struct CompareText {
    private let comparison: Comparison
    private let style: Style
    private static let nameWidth = 14
    private static let numberWidth = 9

    static func render(_ comparison: Comparison, color: Bool) -> String {
        CompareText(comparison: comparison, style: Style(color: color)).text
    }

    private var text: String {
        var lines = [style.strong(heading), "  A  \(comparison.labels.first.printable())"]
        lines.append("  B  \(comparison.labels.second.printable())")
        guard !comparison.pairs.isEmpty else {
            return (lines + ["", "Nothing was measured."]).joined(separator: "\n") + "\n"
        }
        lines += ["", verdicts] + times + answers + ["", conclusion]
        return lines.joined(separator: "\n") + "\n"
    }

    private var heading: String {
        let what = comparison.option.map { "--\($0)" } ?? "targets"
        let done = comparison.roundsDone
        let rounds = done == comparison.rounds ? "\(done)" : "\(done) of \(comparison.rounds)"
        return "compare \(comparison.tool), two \(what == "targets" ? what : "values of \(what)"), \(rounds) rounds"
    }

    private var verdicts: String {
        func shown(_ side: Comparison.Side) -> String {
            comparison.verdicts(side).map { verdict in
                let text = "\(verdict.name) \(verdict.count)"
                return verdict.name == "ok" ? style.good(text) : style.bad(text)
            }.joined(separator: ", ")
        }
        return "verdicts  A: \(shown(.first))   B: \(shown(.second))"
    }

    // MARK: Times

    private var times: [String] {
        let times = comparison.times
        guard !times.isEmpty else { return [] }
        let head =
            "ms".padded(to: Self.nameWidth) + ["A p50", "p90", "B p50", "p90"].map(Self.right).joined()
            + "   B - A"
        return ["", style.faint(head)] + times.map(row)
    }

    private func row(_ time: ComparedTime) -> String {
        let numbers = [(time.first, 0.5), (time.first, 0.9), (time.second, 0.5), (time.second, 0.9)]
        let cells = numbers.map { values, part in
            Self.right(values.isEmpty ? "-" : PingText.decimal(Quantile.of(sorted: values, part)))
        }
        return time.name.padded(to: Self.nameWidth) + cells.joined() + "   " + difference(time)
    }

    private func difference(_ time: ComparedTime) -> String {
        guard let difference = time.difference else { return style.faint("too few rounds") }
        guard difference.isDifferent else { return style.faint("no difference seen") }
        let range = "(\(Self.signed(difference.low)) to \(Self.signed(difference.high)))"
        return "\(style.strong(Self.signed(difference.estimate))) \(range)"
    }

    private static func signed(_ value: Double) -> String {
        let text = PingText.decimal(abs(value))
        return value < 0 ? "-\(text)" : "+\(text)"
    }

    private static func right(_ text: String) -> String {
        String(repeating: " ", count: max(1, numberWidth - text.count)) + text
    }

    // MARK: Answers

    private var answers: [String] {
        let (same, differences) = comparison.answers
        var lines: [String] = []
        for (title, isRemark) in [("differs", false), ("differs, and does not count", true)] {
            let shown = differences.filter { ($0.weight == .remark) == isRemark }
            if !shown.isEmpty { lines += ["", style.faint(title)] + shown.flatMap(rows) }
        }
        if !same.isEmpty { lines += ["", style.faint("the same: ") + same.joined(separator: ", ").printable()] }
        return lines
    }

    private func rows(_ difference: Comparison.Difference) -> [String] {
        let name = difference.weight == .path ? "\(difference.name), where the paths part" : difference.name
        func row(_ side: String, _ values: [String]) -> String {
            "    \(side)  "
                + (values.isEmpty ? style.faint("nothing else") : values.joined(separator: "; ").printable())
        }
        return ["  \(name.printable())", row("A", difference.first), row("B", difference.second)]
    }

    private var conclusion: String {
        if comparison.isUnmeasured { return style.bad("Neither side could be measured here.") + reason }
        let answers = comparison.isSame ? style.good("Verdicts and answers are the same") : style.bad("They differ")
        let faster = comparison.times.filter { $0.verdict == .firstFaster || $0.verdict == .secondFaster }.map {
            "\($0.name) \($0.verdict == .firstFaster ? "A" : "B")"
        }
        let isTold = comparison.times.contains { $0.verdict != .tooFew }
        let times =
            !faster.isEmpty
            ? "faster: \(faster.joined(separator: ", "))"
            : isTold ? "no difference of times seen" : "too few rounds to tell times apart"
        return "\(answers); \(times)."
    }

    private var reason: String {
        let detail = comparison.results(.first).first?.outcome.failure?.detail
        return detail.map { " \($0.printable())" } ?? ""
    }
}
