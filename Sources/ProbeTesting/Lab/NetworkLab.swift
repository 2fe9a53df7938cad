import Foundation
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
    private static let script = Places.testFile("Lab/lab.sh")

    public static var isAvailable: Bool { unavailableReason.isEmpty }

    /// Empty where a lab can be made. Found out once, by making namespaces and nftables rules.
    public static let unavailableReason: String = {
        guard geteuid() == 0 else { return "network labs need root" }
        let check = Process()
        let output = Pipe()
        check.executableURL = URL(fileURLWithPath: script)
        check.arguments = ["check"]
        check.standardOutput = output
        do { try check.run() } catch { return "lab.sh cannot be run: \(error)" }
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        return check.terminationStatus == 0 ? "" : said.trimmingCharacters(in: .newlines)
    }()

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
        try await Oracle.check(script, ["up", lab.name, "\(hosts)"])
        do {
            let result = try await body(lab)
            try await lab.down()
            return result
        } catch {
            try? await lab.down()
            throw error
        }
    }

    private init(name: String) { self.name = name }

    /// Host `index`, from 1 on; where it is a multiple of 3, nothing answers.
    public static func host4(_ index: Int) -> String { "10.77.\(index / 250).\(index % 250 + 1)" }
    public static func host6(_ index: Int) -> String { "fd77::" + String(index, radix: 16) }
    public static func isSilent(_ index: Int) -> Bool { index.isMultiple(of: 3) }

    /// The command that runs `command` in one of the namespaces; its process is the command itself.
    public func command(on side: Side = .near, _ command: [String]) -> [String] {
        ["nsenter", "--net=/run/netns/\(name)-\(side.rawValue)", "--"] + command
    }

    /// Starts a program in the lab, ended with the lab at the latest.
    public func start(on side: Side = .near, _ command: [String]) throws -> ChildProcess {
        try ChildProcess.start(self.command(on: side, command))
    }

    /// Runs a program in the lab to its end.
    public func run(
        on side: Side = .near, _ command: [String], input: String? = nil, within limit: Duration = .seconds(60)
    ) async throws -> Oracle.Result {
        let command = self.command(on: side, command)
        return try await Oracle.run(command[0], Array(command.dropFirst()), input: input, within: limit)
    }

    /// Packets by counter: `echo4`, `echo6` (requests that came), `silent4`, `silent6` (dropped).
    public func counters() async throws -> [String: Int] {
        let lines = try await Oracle.check(Self.script, ["counters", name]).split(separator: "\n")
        let pairs = lines.map { $0.split(separator: " ") }.filter { $0.count == 2 }
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? -1) })
    }

    /// A rule or other nft command in `far`, for example
    /// `add rule inet probe input icmp type echo-request numgen random mod 100 < 30 drop`.
    public func nft(_ command: String) async throws {
        let result = try await run(on: .far, ["nft", command])
        guard result.isSuccess else { throw Oracle.Failed(description: "nft \(command): \(result.errors)") }
    }

    private func down() async throws {
        // A task of its own, because a cancelled test must leave no lab either.
        let name = name
        _ = try await Task { try await Oracle.check(Self.script, ["down", name]) }.value
    }
}
