import ProbeNative
import Yams

/// The YAML config file: one mapping of setting keys to plain values, each remembered with its line.
struct ConfigurationFile {
    struct Entry {
        let text: String
        let line: Int
    }

    let path: String
    let entries: [String: Entry]
    let isReadableByOthers: Bool

    /// - Throws: a sentence that begins with `path:line:`.
    init(path: String) throws(ConfigurationError) {
        self.path = path
        let file = try BoundedFile(path: path, limit: 256 << 10)
        isReadableByOthers = file.isReadableByOthers
        guard let root = try Self.compose(file.text, path), root.tag != Tag(.null) else {
            entries = [:]
            return
        }
        guard case .mapping(let mapping) = root else {
            throw Self.refusal(
                path, root.mark, "a list of \"setting: value\" lines is expected here, not \(root.kind).")
        }
        let keys = Setting.all.filter(\.isInFile).map(\.key)
        var entries: [String: Entry] = [:]
        for (key, value) in mapping {
            guard let name = key.string, keys.contains(name) else {
                let word = key.string ?? ""
                let hint = Nearest.hint(word, among: keys)
                throw Self.refusal(path, key.mark, "there is no setting \(word.quotedForMessage)\(hint)")
            }
            guard case .scalar(let scalar) = value else {
                throw Self.refusal(path, value.mark, "\(name) must be a plain value, not \(value.kind).")
            }
            // `key:` with nothing behind it, or null: not set.
            if value.tag == Tag(.null) { continue }
            entries[name] = Entry(text: scalar.string, line: value.mark?.line ?? 1)
        }
        self.entries = entries
    }

    /// The text's one document; nil when it is empty.
    static func compose(_ text: String, _ path: String) throws(ConfigurationError) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _)
        {
            let doing = context.map { "\($0.text), " } ?? ""
            throw refusal(path, mark, "this is not YAML: \(doing)\(problem).")
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            // Yams gives the mapping's place; a person looks for the second line.
            let key = duplicates.first ?? ""
            // By bytes: CR LF is one `Character`, and not the one that ends a line here.
            let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let places = lines.indices.dropFirst(max(0, context.mark.line - 1)).filter {
                lines[$0].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "-") }.starts(with: "\(key):".utf8)
            }
            let line = places.dropFirst().first.map { $0 + 1 } ?? context.mark.line
            throw ConfigurationError("\(path):\(line): \(key.quotedForMessage) is set twice.")
        } catch YamlError.reader(let problem, let offset, _, _) {
            let before = text.utf8.prefix(offset ?? 0)
            let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
            throw ConfigurationError("\(path):\(line): this is not YAML: \(problem).")
        } catch {
            throw ConfigurationError("\(path) is not YAML.")
        }
    }

    static func refusal(_ path: String, _ mark: Mark?, _ sentence: String) -> ConfigurationError {
        ConfigurationError("\(path):\(mark?.line ?? 1): \(sentence)")
    }
}

extension Node {
    /// What a person would call it in an error sentence.
    var kind: String {
        switch self {
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
