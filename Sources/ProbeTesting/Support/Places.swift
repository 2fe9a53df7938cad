import Foundation

/// Where tests find what the build made and what lies beside the sources.
public enum Places {
    /// The folder of the built programs: the test runner is one of them.
    public static let products: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (runner as NSString).deletingLastPathComponent
    }()

    /// A built program, for example `probe-agent`.
    public static func product(_ name: String) -> String { products + "/" + name }

    /// A file of Tests/Peers or Tests/Lab.
    public static func testFile(_ path: String) -> String { inRepository("Tests/" + path) }

    /// A built program of Examples, which is a package of its own (scripts/test.sh builds it).
    public static func example(_ name: String) -> String { inRepository(".build-examples/debug/" + name) }

    private static func inRepository(_ path: String) -> String {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return sources.appendingPathComponent("../../../" + path).standardizedFileURL.path
    }
}

/// A folder of a test's own, removed with the value that owns it.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// - Parameter mode: 0o755 where another user must be able to enter it.
    public init(_ name: String = "probeops", mode: Int = 0o700) throws {
        path = FileManager.default.temporaryDirectory.path + "/\(name)-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    public func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        let file = file(name)
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}
