import ProbeNative

/// docs/compare.md tells the fields.
extension Comparison: Report {
    func write(to writer: inout some ReportWriter) {
        writer.field("tool", tool)
        writer.field("a", labels.first)
        writer.field("b", labels.second)
        writer.field("option", option)
        writer.field("rounds_wanted", rounds)
        writer.field("rounds", roundsDone)
        writer.field("same", isSame)
        writer.object("verdicts") { writer in
            writer.object("a") { writer in for one in verdicts(.first) { writer.member(one.name, .integer(one.count)) }
            }
            writer.object("b") { writer in for one in verdicts(.second) { writer.member(one.name, .integer(one.count)) }
            }
        }
        writer.array("times", times) { writer, time in
            writer.field("name", time.name)
            writer.field("pairs", time.pairs)
            for (name, values) in [("a", time.first), ("b", time.second)] as [(StaticString, [Double])] {
                writer.object(name) { writer in
                    writer.field("p50_ms", Quantile.of(sorted: values, 0.5))
                    writer.field("p90_ms", Quantile.of(sorted: values, 0.9))
                }
            }
            writer.field("difference_ms", time.difference?.estimate)
            writer.field("low_ms", time.difference?.low)
            writer.field("high_ms", time.difference?.high)
            writer.field("verdict", time.verdict.rawValue)
        }
        let answers = answers
        writer.strings("same_answers", answers.same)
        writer.array("differences", answers.differences) { writer, difference in
            writer.field("name", difference.name)
            writer.field("counts", difference.weight != .remark)
            writer.strings("only_a", difference.first)
            writer.strings("only_b", difference.second)
        }
    }
}
