import ProbeNative

/// A story as text: a line a step with its beginning, its length, a bar on the common axis, and what came of it.
struct Waterfall {
    static let narrow = 80
    private static let barWidth = 14
    /// Rows that a person still reads: deeper ones, and of many alike the shorter ones, are left out beyond.
    private static let mostRows = 60
    private static let mostSiblings = 24

    private let story: Story
    private let style: Style
    private let columns: Int
    private let timeWidth: Int

    static func text(_ story: Story, columns: Int, color: Bool) -> String {
        Waterfall(story, columns, Style(color: color)).text
    }

    private init(_ story: Story, _ columns: Int, _ style: Style) {
        (self.story, self.columns, self.style) = (story, columns, style)
        timeWidth = max(7, Self.milliseconds(story.root.duration).count)
    }

    private var text: String {
        let heading =
            "\(story.root.name.printable()): \(Self.milliseconds(story.root.duration)) ms from queue to result"
        var lines = [style.strong(heading), ""]
        lines.append(
            style.faint("\(Self.right("start ms", timeWidth)) \(Self.right("length", timeWidth))"))
        var depth = 4
        while depth > 2, rows(to: depth).count > Self.mostRows { depth -= 1 }
        lines += rows(to: depth)
        let shown = lines.count - 3
        if shown < story.steps.count - 1 {
            lines.append(style.faint("\(story.steps.count - 1 - shown) more steps in --format json and chrome"))
        }
        return (lines + [""] + closing).joined(separator: "\n") + "\n"
    }

    // MARK: Rows

    private func rows(to depth: Int) -> [String] { story.root.children.flatMap { rows(of: $0, 0, to: depth) } }

    private func rows(of span: Span.Record, _ level: Int, to depth: Int) -> [String] {
        guard level < depth else { return [] }
        return [row(span, level)] + Self.longest(span.children).flatMap { rows(of: $0, level + 1, to: depth) }
    }

    /// In their order.
    private static func longest(_ spans: [Span.Record]) -> [Span.Record] {
        guard spans.count > mostSiblings else { return spans }
        let least = spans.map(\.duration).sorted(by: >)[mostSiblings - 1]
        return Array(spans.filter { $0.duration >= least }.prefix(mostSiblings))
    }

    private func row(_ span: Span.Record, _ level: Int) -> String {
        let start = Self.right(Self.milliseconds(span.start - story.root.start), timeWidth)
        let length = Self.right(Self.milliseconds(span.duration), timeWidth)
        let bar = bar(span)
        let outcome = span.isOpen ? "not over" : span.outcome
        let label = String(repeating: " ", count: level) + "\(span.kind.rawValue) \(span.name)".printable()
        let whole = label + (outcome.map { ": \($0.printable())" } ?? "")
        let room = columns - 2 * timeWidth - Self.barWidth - 5
        let cut = whole.count > room ? "\(whole.prefix(room - 1))…" : whole
        let shown = span.isFailed ? style.bad(cut) : level == 0 ? style.strong(cut) : cut
        return "\(start) \(length) │\(span.isFailed ? style.bad(bar) : style.good(bar))│ \(shown)"
    }

    /// At least one cell.
    private func bar(_ span: Span.Record) -> String {
        let whole = max(1, Double(story.root.duration.wholeNanoseconds))
        func cell(_ instant: Instant) -> Double {
            Double((instant - story.root.start).wholeNanoseconds) / whole * Double(Self.barWidth)
        }
        let first = min(Self.barWidth - 1, Int(cell(span.start)))
        let end = min(Self.barWidth, max(first + 1, Int(cell(span.end).rounded())))
        let mark = span.duration == .zero ? "╵" : "█"
        return (String(repeating: " ", count: first) + String(repeating: mark, count: end - first))
            .padded(to: Self.barWidth)
    }

    // MARK: The end

    private var closing: [String] {
        var lines: [String] = []
        if let most = story.shares.first {
            let whole = max(1, Double(story.root.duration.wholeNanoseconds))
            let percent = Int((100 * Double(most.time.wholeNanoseconds) / whole).rounded())
            lines.append(
                "Most of the time, \(percent) % (\(Self.milliseconds(most.time)) ms), went into \(most.kind.activity).")
        }
        let failure = story.result.outcome.failure
        let verdict = failure.map { "\($0.code.rawValue) at \($0.stage.rawValue)" } ?? "ok"
        lines.append("Verdict: \(failure == nil ? style.good(verdict) : style.bad(verdict)).")
        if let failure { lines.append("  \(failure.detail.printable())") }
        lines.append("It rests on \(Self.ended(story.ground.printable()))")
        return lines.flatMap { Self.wrap($0, to: columns) }
    }

    private static func ended(_ sentence: String) -> String { sentence.hasSuffix(".") ? sentence : sentence + "." }

    private static func wrap(_ line: String, to width: Int) -> [String] {
        // Colours have no width of their own; a line with them is short.
        guard line.count > width, !line.contains("\u{1b}") else { return [line] }
        var lines = [""]
        for word in line.split(separator: " ") {
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = String(word)
            } else if lines[lines.count - 1].count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append("  \(word)")
            }
        }
        return lines
    }

    private static func milliseconds(_ duration: Duration) -> String { PingText.decimal(duration.inMilliseconds) }
    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
