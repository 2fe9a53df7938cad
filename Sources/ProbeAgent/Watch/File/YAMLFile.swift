import ProbeNative
import Yams

/// A YAML file of checks, read whole and bounded: size here, depth (1000) by libyaml, and no aliases, with which a few
/// lines can stand for more than memory holds.
enum YAMLFile {
    static let sizeLimit = 1 << 20

    static func read(_ path: String) throws(ConfigurationError) -> YAMLValue? {
        let text = try BoundedFile(path: path, limit: sizeLimit).text
        if let line = aliasLine(text) {
            throw ConfigurationError(
                "\(path):\(line): aliases (*name) are not read: use defaults and templates, and quotes around a text "
                    + "that begins with *.")
        }
        guard let root = try ConfigurationFile.compose(text, path), root.tag != Tag(.null) else { return nil }
        return YAMLValue(node: root, path: path)
    }

    /// The first line with a `*name` where YAML lets a node begin. Before it is parsed: composing hashes keys, and a key
    /// may be an alias.
    private static func aliasLine(_ text: String) -> Int? {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let bytes = Array(line.utf8)
            if bytes.first(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "#") { continue }
            for place in bytes.indices.dropLast() where bytes[place] == UInt8(ascii: "*") {
                let isName = bytes[place + 1] > 0x20 && bytes[place + 1] != UInt8(ascii: "*")
                if isName, mayBeginNode(bytes[..<place]) { return index + 1 }
            }
        }
        return nil
    }

    private static func mayBeginNode(_ before: ArraySlice<UInt8>) -> Bool {
        let gap = before.reversed().prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
        guard let last = before.dropLast(gap).last else { return true }
        if "[{,".utf8.contains(last) { return true }
        return "-:?".utf8.contains(last) && gap > 0
            || last == UInt8(ascii: ":") && before.count > 1
                && "\"'".utf8.contains(before[before.endIndex - 2])
    }
}
