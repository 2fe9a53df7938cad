import ProbeNative

/// Any report as readable text, from its fields alone: scalars in two columns, objects as indented sections, arrays of
/// objects as tables. What a tool gets until it has a text of its own, and what both families side by side look like.
enum GenericText {
    static func render(_ result: ProbeResult, color: Bool) -> String {
        let style = Style(color: color)
        var text = heading(result, style)
        if case .object(let members) = ReportTree.of(result.outcome.report) {
            text += lines(members, style).map { "  \($0)\n" }.joined()
        }
        return text + Closing.lines(result, style)
    }

    private static func heading(_ result: ProbeResult, _ style: Style) -> String {
        var words = [style.strong("\(result.tool) \(result.target.printable())")]
        if let address = result.outcome.resolvedAddress, "\(address)" != result.target { words.append("(\(address))") }
        return words.joined(separator: " ") + "\n"
    }

    private static func lines(_ members: [(name: String, tree: ReportTree)], _ style: Style) -> [String] {
        let shown = members.filter { !$0.tree.isEmpty }
        let width = shown.filter { $0.tree.isInline }.map { label($0.name).count }.max() ?? 0
        return shown.flatMap { name, tree -> [String] in
            if let inline = tree.inline(unit: unit(name)) {
                return [style.faint(label(name).padded(to: width)) + "  " + inline]
            }
            return [style.faint(label(name))] + block(tree, style).map { "  \($0)" }
        }
    }

    private static func block(_ tree: ReportTree, _ style: Style) -> [String] {
        switch tree {
        case .object(let members): return lines(members, style)
        case .array(let elements): return table(elements, style) ?? elements.flatMap { block($0, style) }
        case .value(.string(let text)): return text.printable(multiline: true).split(separator: "\n").map(String.init)
        case .value: return []
        }
    }

    /// Nil where the elements are not objects of plain values.
    private static func table(_ elements: [ReportTree], _ style: Style) -> [String]? {
        var columns: [String] = []
        var rows: [[String: String]] = []
        for element in elements {
            guard case .object(let members) = element else { return nil }
            var row: [String: String] = [:]
            for (name, tree) in members where !tree.isEmpty {
                guard let cell = tree.inline(unit: nil) else { return nil }
                if !columns.contains(name) { columns.append(name) }
                row[name] = cell
            }
            rows.append(row)
        }
        let heads = columns.map { name in unit(name).map { "\(label(name)) \($0)" } ?? label(name) }
        let widths = columns.indices.map { index in
            max(heads[index].count, rows.map { $0[columns[index]]?.count ?? 0 }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmed
        }
        return [style.faint(line(heads))] + rows.map { row in line(columns.map { row[$0] ?? "-" }) }
    }

    /// `rtt_ms` is shown as "rtt" with the unit "ms".
    private static func label(_ name: String) -> String {
        let stem = unit(name) == nil ? name : String(name.dropLast(3))
        return String(stem.map { $0 == "_" ? " " : $0 }).printable()
    }
    private static func unit(_ name: String) -> String? { name.hasSuffix("_ms") && name.count > 3 ? "ms" : nil }
}

/// The last lines of every text: how it ended, and what makes the node doubt its own measurement.
enum Closing {
    static func lines(_ result: ProbeResult, _ style: Style) -> String {
        var text = ""
        if let failure = result.outcome.failure {
            let place = "failed at \(failure.stage.rawValue) (\(failure.code.rawValue))"
            text += "  \(style.bad(place)): \(failure.detail.printable())\n"
        } else {
            text += "  \(style.good("ok"))  \(ReportValue.number(result.run.inMilliseconds).text) ms\n"
        }
        if case .object(let doubts) = ReportTree.of(result.outcome.quality), !doubts.isEmpty {
            let shown = doubts.compactMap { doubt in doubt.tree.inline(unit: nil).map { "\(doubt.name) \($0)" } }
            text += "  \(style.faint("quality: " + shown.joined(separator: ", ")))\n"
        }
        if !result.ignoredParameters.isEmpty {
            text += "  \(style.faint("ignored parameters: " + result.ignoredParameters.joined(separator: ", ")))\n"
        }
        return text
    }
}

extension ReportTree {
    fileprivate var isEmpty: Bool {
        switch self {
        case .value(let value): value == .null
        case .object(let members): members.allSatisfy { $0.tree.isEmpty }
        case .array(let elements): elements.isEmpty
        }
    }

    fileprivate var isInline: Bool { inline(unit: nil) != nil }

    /// On one line: a plain value, or a list of them. Nil for all else.
    fileprivate func inline(unit: String?) -> String? {
        switch self {
        case .value(.string(let text)) where text.contains("\n"): return nil
        case .value(let value):
            if let unit, value != .null { return "\(value.text) \(unit)" }
            return value.text
        case .array(let elements):
            var words: [String] = []
            for element in elements {
                guard case .value(let value) = element else { return nil }
                words.append(value.text)
            }
            return words.joined(separator: ", ")
        case .object: return nil
        }
    }
}

extension ReportValue {
    /// For people: at most three decimals.
    var text: String {
        switch self {
        case .null: return "-"
        case .bool(let flag): return flag ? "yes" : "no"
        case .integer(let number): return "\(number)"
        case .number(let number):
            guard number.isFinite, abs(number) < 1e12 else { return "\(number)" }
            return "\((number * 1000).rounded() / 1000)"
        case .string(let text): return text.printable()
        case .time(let time): return time.iso8601
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    var trimmed: String { String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]) }
}
