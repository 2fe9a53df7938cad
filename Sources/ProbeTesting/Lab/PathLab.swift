import Glibc
import ProbeNative

/// A path of seven hops with all that makes traceroutes hard (Tests/Lab/path-lab.sh, whose head has the map): two equal
/// paths, MPLS labels, a silent hop, a rate-limited one, a smaller MTU in the middle, IPv4 and IPv6.
///
///     @Suite(.enabled(if: PathLab.isAvailable, "\(PathLab.unavailableReason)"))
public final class PathLab: Sendable {
    public enum Node: String, Sendable { case near, first, left, right, join, silent, limited, far }

    private static let made = Locked(0)
    private static let script = LabScript("path-lab.sh")
    /// The forwarder's program, compiled once; removed with the test process's other folders.
    private static let program = Task {
        let folder = try TemporaryFolder("probe-forwarder")
        RunFolders.keep(folder)
        try await Oracle.check(script.path, ["build", folder.file("path-forwarder")])
        return folder.file("path-forwarder")
    }

    private let name: String
    public let forwarder: PathForwarder

    public static var isAvailable: Bool { unavailableReason.isEmpty }

    /// Empty where a lab can be made. Found out once, by making namespaces, rules and devices.
    public static var unavailableReason: String { script.unavailableReason }

    /// A lab for the length of `body`, taken down in any case.
    public static func with<Result>(_ body: (PathLab) async throws -> Result) async throws -> Result {
        let number = made.withLock { made in
            made += 1
            return made
        }
        // path-lab.sh finds the labs of killed test runs by the process id in the name.
        let name = "path-\(getpid())-\(number)"
        let program = try await program.value
        return try await script.with(name, []) {
            let process = try ChildProcess.start(script.path, ["forward", name, program])
            let lab = PathLab(name, try await PathForwarder(process))
            do {
                try await Oracle.check(script.path, ["settle", name])
                let result = try await body(lab)
                await process.stop()
                return result
            } catch {
                await process.stop()
                throw error
            }
        }
    }

    private init(_ name: String, _ forwarder: PathForwarder) {
        self.name = name
        self.forwarder = forwarder
    }

    /// Target `index`, 1 to 20. 10 to 13 are refused by the limited hop (host, network, administratively, port
    /// unreachable), 14 never answers.
    public static func target(_ family: IPAddress.Family, _ index: Int = 1) -> String {
        family == .v4 ? "10.79.100.\(index)" : "fd79:100::\(index)"
    }

    /// The far (2) or near (1) end of a link of the map.
    public static func address(_ family: IPAddress.Family, link: Int, end: Int = 2) -> String {
        family == .v4 ? "10.79.\(link).\(end)" : "fd79:\(link)::\(end)"
    }

    public func node(_ node: Node) -> LabNamespace { LabNamespace("\(name)-\(node.rawValue)") }

    /// Packets by counter: `silent` of that hop, `limited` and `turned` of the limited one, `dropped` of far.
    public func counters(of node: Node) async throws -> [String: Int] {
        try await Self.script.counters([name, node.rawValue])
    }

    /// Lets the limited hop send as many ICMP errors as after a long rest.
    public func refill() async throws { try await Oracle.check(Self.script.path, ["refill", name]) }
}
