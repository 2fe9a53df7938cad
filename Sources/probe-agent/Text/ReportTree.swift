import ProbeNative

/// A report's fields as a tree, for the layout of reports that have no text of their own.
indirect enum ReportTree {
    case value(ReportValue)
    case object([(name: String, tree: ReportTree)])
    case array([ReportTree])

    static func of(_ report: some Report) -> ReportTree {
        var builder = ReportTreeBuilder()
        report.write(to: &builder)
        return builder.root
    }

    fileprivate init(_ value: ParameterValue) {
        switch value {
        case .null: self = .value(.null)
        case .bool(let flag): self = .value(.bool(flag))
        case .integer(let number): self = .value(.integer(Int(number)))
        case .number(let number): self = .value(.number(number))
        case .string(let text): self = .value(.string(text))
        case .array(let elements): self = .array(elements.map(ReportTree.init))
        case .object(let members): self = .object(members.map { ($0.name, ReportTree($0.value)) })
        }
    }

    var isNull: Bool { if case .value(.null) = self { true } else { false } }
}

/// Builds the tree from the writer's calls: a stack of what is open.
private struct ReportTreeBuilder: ReportWriter {
    private struct Open {
        var name: String
        var isArray: Bool
        var members: [(name: String, tree: ReportTree)] = []

        var tree: ReportTree { isArray ? .array(members.map(\.tree)) : .object(members) }
    }

    private var open = [Open(name: "", isArray: false)]
    var truncatedFields: [String] { [] }
    var root: ReportTree { open[0].tree }

    private mutating func add(_ name: String, _ tree: ReportTree) { open[open.count - 1].members.append((name, tree)) }
    private mutating func close() {
        let closed = open.removeLast()
        add(closed.name, closed.tree)
    }

    mutating func field(_ name: StaticString, _ value: ReportValue) { add("\(name)", .value(value)) }
    mutating func member(_ name: String, _ value: ReportValue) { add(name, .value(value)) }
    mutating func member(_ name: String, tree: ParameterValue) { add(name, ReportTree(tree)) }
    mutating func element(_ value: ReportValue) { add("", .value(value)) }
    mutating func beginObject(_ name: StaticString) { open.append(Open(name: "\(name)", isArray: false)) }
    mutating func beginArray(_ name: StaticString) { open.append(Open(name: "\(name)", isArray: true)) }
    mutating func beginElementObject() { open.append(Open(name: "", isArray: false)) }
    mutating func endObject() { close() }
    mutating func endArray() { close() }
    mutating func admits(_ part: CutPart, _ name: StaticString) -> Bool { true }
}
