import Glibc
import ProbeNative

/// Two network namespaces joined by a veth pair (Tests/Lab/lab.sh): `near`, where the node runs, and
/// `far`, which has a thousand hosts of each family. Every third of them never answers.
///
/// Tests that need it say so, and are counted as skipped where it cannot be had:
///
///     @Suite(.enabled(if: NetworkLab.isAvailable, "\(NetworkLab.unavailableReason)"))
public final class NetworkLab: Sendable {
    public enum Side: String, Sendable { case near, far }

    private let name: String
    private static let made = Locked(0)
    private static let script = LabScript("lab.sh")

    public static var isAvailable: Bool { unavailableReason.isEmpty }

    /// Empty where a lab can be made. Found out once, by making namespaces and nftables rules.
    public static var unavailableReason: String { script.unavailableReason }

    /// A lab for the length of `body`, taken down in any case.
    public static func with<Result>(hosts: Int = 1_000, _ body: (NetworkLab) async throws -> Result) async throws
        -> Result
    {
        let number = made.withLock { made in
            made += 1
            return made
        }
        // lab.sh finds the labs of killed test runs by the process id in the name.
        let lab = NetworkLab(name: "probe-\(getpid())-\(number)")
        return try await script.with(lab.name, ["\(hosts)"]) { try await body(lab) }
    }

    private init(name: String) { self.name = name }

    /// Host `index`, from 1 on; where it is a multiple of 3, nothing answers.
    public static func host4(_ index: Int) -> String { "10.77.\(index / 250).\(index % 250 + 1)" }
    public static func host6(_ index: Int) -> String { "fd77::" + String(index, radix: 16) }
    public static func isSilent(_ index: Int) -> Bool { index.isMultiple(of: 3) }

    func namespace(_ side: Side) -> LabNamespace { LabNamespace("\(name)-\(side.rawValue)") }

    /// The command that runs `command` in one of the namespaces; its process is the command itself.
    public func command(on side: Side = .near, _ command: [String]) -> [String] { namespace(side).command(command) }

    /// Starts a program in the lab, ended with the lab at the latest.
    public func start(on side: Side = .near, _ command: [String]) throws -> ChildProcess {
        try namespace(side).start(command)
    }

    /// Runs a program in the lab to its end.
    public func run(
        on side: Side = .near, _ command: [String], input: String? = nil, within limit: Duration = .seconds(60)
    ) async throws -> Oracle.Result {
        try await namespace(side).run(command, input: input, within: limit)
    }

    /// Packets by counter: `echo4`, `echo6` (requests that came), `silent4`, `silent6` (dropped).
    public func counters() async throws -> [String: Int] { try await Self.script.counters([name]) }

    /// A rule or other nft command in `far`, for example
    /// `add rule inet probe input icmp type echo-request numgen random mod 100 < 30 drop`.
    public func nft(_ command: String) async throws { try await namespace(.far).nft(command) }
}
