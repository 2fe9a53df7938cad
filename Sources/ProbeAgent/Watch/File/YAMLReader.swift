import ProbeNative
import Yams

/// A place in a YAML file, for sentences about it.
struct YAMLValue {
    var node: Node
    /// Of the file.
    var path: String

    var line: Int { node.mark?.line ?? 1 }

    func refusal(_ sentence: String) -> ConfigurationError { ConfigurationError("\(path):\(line): \(sentence)") }

    /// A plain value's text as it stands there.
    var text: String? { if case .scalar(let scalar) = node { scalar.string } else { nil } }
    /// `key:` with nothing behind it, or null.
    var isNull: Bool { node.tag == Tag(.null) }

    /// For "not X": a plain value in quotes, or what kind of thing it is.
    private var shown: String { isNull ? "nothing" : text?.quotedForMessage ?? node.kind }

    func read<Value>(_ name: String, _ format: ValueFormat<Value>) throws(ConfigurationError) -> Value {
        guard !isNull, let text, let value = format.read(text) else {
            throw refusal("\(name) must be \(format.allowed), not \(shown).")
        }
        return value
    }

    /// The elements of a list, at least one.
    func elements(_ name: String, limit: Int) throws(ConfigurationError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw refusal("\(name) must be a list, not \(shown).") }
        guard !sequence.isEmpty else { throw refusal("\(name) must be a list of at least one.") }
        guard sequence.count <= limit else { throw refusal("\(name) must be a list of at most \(limit).") }
        return sequence.map { YAMLValue(node: $0, path: path) }
    }

    /// The members of a mapping in their order.
    func members(_ name: String, limit: Int = 1000) throws(ConfigurationError) -> [(key: YAMLValue, value: YAMLValue)] {
        guard case .mapping(let mapping) = node else {
            throw refusal("\(name) must be a mapping (\"key: value\" lines), not \(shown).")
        }
        guard mapping.count <= limit else { throw refusal("\(name) must have at most \(limit) members.") }
        return mapping.map { (YAMLValue(node: $0.key, path: path), YAMLValue(node: $0.value, path: path)) }
    }

    /// As a tool's parameter. YAML's own rules say what is a number or a boolean.
    var parameter: ParameterValue {
        switch node {
        case .scalar(let scalar):
            if isNull { return .null }
            if node.tag == Tag(.bool), let flag = node.bool { return .bool(flag) }
            // What YAML 1.1 makes of 12:30 and 0o17 nobody means.
            if node.tag == Tag(.int), let number = Int64(scalar.string) { return .integer(number) }
            if node.tag == Tag(.float), let number = Double(scalar.string) { return .number(number) }
            return .string(scalar.string)
        case .sequence(let sequence): return .array(sequence.map { YAMLValue(node: $0, path: path).parameter })
        case .mapping(let mapping):
            return .object(
                mapping.map { .init($0.key.string ?? "", YAMLValue(node: $0.value, path: path).parameter) })
        case .alias: return .null
        }
    }
}

/// Reads a mapping's members by their names; what nothing has asked for is refused at the end, with the nearest of the
/// names that were.
struct YAMLReader {
    let value: YAMLValue
    private let what: String
    private let members: [(key: YAMLValue, value: YAMLValue)]
    private var known: [String] = []

    /// - Parameter what: how sentences call the mapping: "a check".
    init(_ value: YAMLValue, _ what: String) throws(ConfigurationError) {
        self.value = value
        self.what = what
        members = try value.members(what)
    }

    /// Nil when it is not there, or is there without a value.
    mutating func take(_ name: String) -> YAMLValue? {
        known.append(name)
        guard let value = members.first(where: { $0.key.text == name })?.value, !value.isNull else { return nil }
        return value
    }

    mutating func read<Value>(_ name: String, _ format: ValueFormat<Value>) throws(ConfigurationError) -> Value? {
        try take(name)?.read(name, format)
    }

    mutating func require<Value>(_ name: String, _ format: ValueFormat<Value>) throws(ConfigurationError) -> Value {
        guard let value = try read(name, format) else {
            throw value.refusal("\(what) must have \(name): \(format.allowed).")
        }
        return value
    }

    func finish() throws(ConfigurationError) {
        for (key, _) in members where !known.contains(key.text ?? "") {
            let word = key.text ?? ""
            throw key.refusal("\(what) has no \(word.quotedForMessage)\(Nearest.hint(word, among: known))")
        }
    }
}
