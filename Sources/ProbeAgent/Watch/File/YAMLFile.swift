import ProbeNative
import Yams

/// A YAML file of checks, read whole and bounded: size here, depth (1000) by libyaml, and no aliases, with which a few
/// lines can stand for more than memory holds.
enum YAMLFile {
    static let sizeLimit = 1 << 20

    static func read(_ path: String) throws(ConfigurationError) -> YAMLValue? {
        let text = try BoundedFile(path: path, limit: sizeLimit).text
        // Before it is composed: that hashes keys, and a key may be an alias.
        if let line = YAMLAlias.firstLine(text) {
            throw ConfigurationError(
                "\(path):\(line): aliases (*name) are not read: use defaults and templates, and quotes around a text "
                    + "that begins with *.")
        }
        guard let root = try ConfigurationFile.compose(text, path), root.tag != Tag(.null) else { return nil }
        return YAMLValue(node: root, path: path)
    }
}
