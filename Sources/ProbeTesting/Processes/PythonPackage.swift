/// A package of PyPI, installed once beside the build's products. Where pip has none, its tests are skipped and counted.
public struct PythonPackage: Sendable {
    /// For PYTHONPATH.
    public let folder: String
    private let installed: Task<Bool, Never>

    /// - Parameters:
    ///   - requirement: `name==version`.
    ///   - folder: of its own, by this name.
    ///   - file: a file of the package, below the folder.
    public init(_ requirement: String, in folder: String, having file: String) {
        let path = Places.product(folder)
        self.folder = path
        installed = Task {
            let script = "test -e '\(path)/\(file)' || python3 -m pip install -q --target '\(path)' '\(requirement)'"
            return (try? await Oracle.run("sh", ["-c", script], within: .seconds(180)).isSuccess) == true
        }
    }

    public var isAvailable: Bool { get async { await installed.value } }
}
