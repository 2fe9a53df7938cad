import ProbeNative

/// For reports that have no facts of their own: what their fields say, from the fields alone.
extension Fact {
    /// What changes from one run to the next, or is what was asked.
    private static let left: Set<String> = [
        "banner", "text", "headers", "url", "port", "reference_time", "precision", "pings", "days_left", "resolver",
        "records", "samples", "servers", "ignored_answers", "packets_sent", "packets_received", "bytes_received",
        "steps", "reverse_name",
    ]

    static func scalars(_ report: some Report) -> [Fact] {
        guard case .object(let members) = ReportTree.of(report) else { return [] }
        return members.flatMap { facts($0.name, $0.tree) }
    }

    private static func facts(_ name: String, _ tree: ReportTree) -> [Fact] {
        let last = name.split(separator: ".").last.map(String.init) ?? name
        if left.contains(last) || last.hasSuffix("_ms") { return [] }
        let shown = String(name.map { $0 == "_" ? " " : $0 })
        switch tree {
        case .value(.null), .value(.number): return []
        case .value(let value): return [Fact(shown, [value.text])]
        case .object(let members): return members.flatMap { facts("\(name).\($0.name)", $0.tree) }
        case .array(let elements):
            let values = elements.compactMap { element -> String? in
                switch element {
                case .value(let value): value.text
                case .object(let members):
                    members.compactMap { member in
                        if case .value(let value) = member.tree, !member.name.hasSuffix("_ms") {
                            value.text
                        } else {
                            nil
                        }
                    }.joined(separator: " ")
                case .array: nil
                }
            }
            return [Fact(shown, values)]
        }
    }
}
