import ProbeNative

/// `ndjson: {file: results.ndjson, rotate: 64MiB, keep: 5}`.
struct NDJSONPlan: WatchOutputPlan {
    static let kind = "ndjson"

    let path: String
    /// Bytes of a file.
    let rotate: Int
    /// Old files.
    let keep: Int

    init(_ settings: inout YAMLReader, _ registry: ToolRegistry) throws(ConfigurationError) {
        path = settings.path(try settings.require("file", .path))
        rotate = try settings.read("rotate", .bytes((4 << 10)...(1 << 40))) ?? 64 << 20
        keep = try settings.read("keep", .integer(0...1000)) ?? 5
    }

    var folders: [String] { [WatchFile.folder(of: path)] }
    var file: String? { path }

    func open() throws(ConfigurationError) -> any WatchOutput {
        do throws(Errno) {
            return try LineOutput(
                "ndjson \(path)", to: RotatingFile(path, limit: rotate, keep: keep), render: LineOutput.json)
        } catch {
            throw ConfigurationError("\(path) cannot be written: \(error).")
        }
    }
}

extension YAMLReader {
    /// A path of the file, which is relative to its folder.
    func path(_ name: String) -> String {
        name.hasPrefix("/") || !value.path.contains("/") ? name : WatchFile.folder(of: value.path) + "/" + name
    }
}
