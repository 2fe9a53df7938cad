import Foundation
import Glibc
import ProbeTesting
import Testing

/// The built `probe-agent`, connected to a controller from outside this project.
struct NodeProcess {
    let process: ChildProcess

    static let program = Places.product("probe-agent")

    static func arguments(_ controller: FakeController, _ more: [String] = []) -> [String] {
        [
            "run", "--backend", controller.url, "--uuid", "5f0c7f4e-7f0b-4d5b-9a51-0a2f6a1f3c11", "--key", "pnode_test",
            "--reconnect-initial", "0.1", "--reconnect-max", "0.5", "--allow", "127.0.0.0/8", "--allow", "::1/128",
        ] + more
    }

    /// Starts `command` and waits until it has authenticated.
    static func start(_ controller: FakeController, command: [String]) async throws -> NodeProcess {
        let process = try ChildProcess.start(command)
        do {
            _ = try await controller.next("authentication")
            return NodeProcess(process: process)
        } catch {
            await process.stop()
            throw Failed(description: "\(error)\n" + process.errors.pending.joined(separator: "\n"))
        }
    }

    struct Failed: Error, CustomStringConvertible { let description: String }

    /// Runs `body` against a node, which must then stop gracefully with exit code 0.
    static func with<Result>(
        _ controller: FakeController, _ more: [String] = [], as identity: NodeIdentity = .starter,
        wrapper: ([String]) -> [String] = { $0 }, _ body: (NodeProcess) async throws -> Result
    ) async throws -> Result {
        try await identity.with { command in
            try await with(controller, command: wrapper(command(arguments(controller, more))), body)
        }
    }

    private static func with<Result>(
        _ controller: FakeController, command: [String], _ body: (NodeProcess) async throws -> Result
    ) async throws -> Result {
        let node = try await start(controller, command: command)
        do {
            let result = try await body(node)
            node.process.send(signal: SIGTERM)
            let status = try await node.process.exit(within: .seconds(60))
            #expect(status == .code(0), "\(node.process.errors.pending.suffix(5))")
            return result
        } catch {
            await node.process.stop(signal: SIGKILL)
            throw Failed(description: "\(error)\n" + node.process.errors.pending.suffix(20).joined(separator: "\n"))
        }
    }

    /// What the process holds, as the kernel sees it.
    struct Footprint: CustomStringConvertible {
        var threads: Int
        var descriptors: Int
        var residentMiB: Int
        var description: String { "\(threads) threads, \(descriptors) descriptors, \(residentMiB) MiB" }
    }

    func footprint() throws -> Footprint {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        func value(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) } ?? 0
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd").count
        return Footprint(threads: value("Threads:"), descriptors: descriptors, residentMiB: value("VmRSS:") / 1024)
    }
}

extension FakeController {
    /// Sends jobs with at most `window` of them unanswered, and returns the tally.
    func load(_ jobs: [JSONValue], window: Int, within limit: Duration = .seconds(120)) async throws -> Event {
        try await policy(["echo": false])
        try await command("load", ["jobs": .array(jobs), "window": .number(Double(window))])
        let done = try await next("load_done", within: limit)
        try await policy(["echo": true])
        return done
    }

    static func job(
        _ id: String, _ tool: String, _ target: String, _ parameters: JSONValue = [:], timeout: Double = 30,
        expect: JSONValue
    ) -> JSONValue {
        [
            "request_id": .string(id), "tool": .string(tool), "target": .string(target), "parameters": parameters,
            "timeout": .number(timeout), "expect": expect,
        ]
    }
}
