import Foundation
import Glibc

/// A network namespace of a lab, by its name under /run/netns.
public struct LabNamespace: Sendable {
    public struct CannotEnter: Error {
        public let errno: Int32
    }

    public let name: String
    private var path: String { "/run/netns/\(name)" }

    init(_ name: String) { self.name = name }

    /// The command that runs `command` in here; its process is the command itself.
    public func command(_ command: [String]) -> [String] { ["nsenter", "--net=\(path)", "--"] + command }

    /// Starts a program in here, ended with the lab at the latest.
    public func start(_ command: [String]) throws -> ChildProcess { try ChildProcess.start(self.command(command)) }

    /// Runs a program in here to its end.
    public func run(
        _ command: [String], input: String? = nil, within limit: Duration = .seconds(60)
    ) async throws -> Oracle.Result {
        let command = self.command(command)
        return try await Oracle.run(command[0], Array(command.dropFirst()), input: input, within: limit)
    }

    /// A command for nft(8), which must succeed.
    public func nft(_ command: String) async throws {
        let result = try await run(["nft", command])
        guard result.isSuccess else { throw Oracle.Failed(description: "nft \(command): \(result.errors)") }
    }

    /// Runs `body` on a new thread that lives in here. Sockets that it opens belong here, and so do threads that it
    /// starts: what they wake outside must go through `HomeThread` (`Engine.runInLab`).
    public func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let path = path
        return try await OwnThread.run {
            let namespace = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(namespace) }
            guard namespace >= 0, NetworkNamespace.enter(namespace) else { throw CannotEnter(errno: errno) }
            return try body()
        }
    }
}

/// What labs have in common: the script that makes them, asked once whether it can.
struct LabScript {
    let path: String

    /// Empty where the lab can be made, else the reason.
    let unavailableReason: String

    init(_ file: String) {
        path = Places.testFile("Lab/" + file)
        unavailableReason = Self.reason(path)
    }

    private static func reason(_ path: String) -> String {
        guard geteuid() == 0 else { return "network labs need root" }
        let check = Process()
        let output = Pipe()
        check.executableURL = URL(fileURLWithPath: path)
        check.arguments = ["check"]
        check.standardOutput = output
        do { try check.run() } catch { return "\(path) cannot be run: \(error)" }
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        check.waitUntilExit()
        return check.terminationStatus == 0 ? "" : said.trimmingCharacters(in: .newlines)
    }

    /// `name count` lines of the script's `counters`.
    func counters(_ arguments: [String]) async throws -> [String: Int] {
        let lines = try await Oracle.check(path, ["counters"] + arguments).split(separator: "\n")
        let pairs = lines.map { $0.split(separator: " ") }.filter { $0.count == 2 }
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? -1) })
    }

    /// Makes the lab `name`, and takes it down after `body` in any case.
    func with<Result>(_ name: String, _ up: [String], _ body: () async throws -> Result) async throws -> Result {
        try await Oracle.check(path, ["up", name] + up)
        do {
            let result = try await body()
            try await down(name)
            return result
        } catch {
            try? await down(name)
            throw error
        }
    }

    private func down(_ name: String) async throws {
        // A task of its own, because a cancelled test must leave no lab either.
        let path = path
        _ = try await Task { try await Oracle.check(path, ["down", name]) }.value
    }
}
