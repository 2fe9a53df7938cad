import Foundation
import Glibc
import ProbeNative
import ProbeTesting
import Testing

/// A controller, a target that counts, and the built node between them. The first two can be ended and started again
/// while the ledger goes on.
final class ChaosWorld: Sendable {
    struct Lost: Error, CustomStringConvertible { let description: String }

    private struct State {
        var controller: FakeController
        var controllers = 1
        var node: NodeProcess?
        var nextJob = 0
        var nextPing = 0
    }

    let setup: ChaosSetup
    let target: PythonPeer
    let ledger = JobLedger()
    private let state: Locked<State>
    private let counting: Task<Void, Never>

    init(_ setup: ChaosSetup) async throws {
        self.setup = setup
        target = try await .chaosTarget(in: setup.lab)
        counting = ledger.follow(target)
        let controller = try await FakeController.start(
            host: setup.controllerHost, certificate: setup.certificate, receiveBuffer: setup.receiveBuffer,
            in: setup.lab, side: setup.controllerSide)
        state = Locked(State(controller: controller))
        ledger.follow(controller, number: 1)
    }

    var controller: FakeController { state.withLock { $0.controller } }
    var node: NodeProcess {
        get throws {
            guard let node = state.withLock({ $0.node }) else { throw Lost(description: "there is no node") }
            return node
        }
    }

    // MARK: The parties

    func startNode() throws {
        let controller = controller
        let url = setup.backendName.map { "http://\($0):\(controller.port)" } ?? controller.url
        let arguments = [
            "run", "--allow", "127.0.0.0/8", "--allow", "::1/128", "--backend", url, "--uuid",
            "5f0c7f4e-7f0b-4d5b-9a51-0a2f6a1f3c11", "--key", "pnode_test",
            "--heartbeat", "1", "--reconnect-initial", "0.1", "--reconnect-max", "1",
        ]
        let command = setup.wrapper + [NodeProcess.program] + arguments + setup.options
        let environment = ProcessInfo.processInfo.environment.merging(setup.environment) { _, new in new }
        let process = try ChildProcess.start(setup.lab?.command(command) ?? command, environment: environment)
        state.withLock { $0.node = NodeProcess(process: process) }
    }

    func killNode() async throws {
        let node = try node
        node.process.send(signal: SIGKILL)
        _ = try await node.process.exit()
    }

    func stopController() async { await controller.stop() }

    /// A controller on the port of the last one.
    func startController(host: String? = nil, certificate: CertificateFiles? = nil) async throws {
        let next = try await FakeController.start(
            host: host ?? setup.controllerHost, port: controller.port, certificate: certificate ?? setup.certificate,
            in: setup.lab, side: setup.controllerSide)
        let number = state.withLock { state in
            state.controller = next
            state.controllers += 1
            return state.controllers
        }
        ledger.follow(next, number: number)
    }

    /// The node must end well; then everything that it did to the target is known.
    func end() async throws {
        let node = try node
        node.process.send(signal: SIGTERM)
        let status = try await node.process.exit(within: .seconds(60))
        #expect(status == .code(0), "\(node.process.errors.pending.suffix(20).joined(separator: "\n"))")
        await controller.stop()
        await target.stop()
        await counting.value
    }

    /// After an error; returns the node's last words.
    func abandon() async -> String {
        let node = state.withLock { $0.node }
        await node?.process.stop(signal: SIGKILL)
        await controller.stop()
        await target.stop()
        return node?.process.errors.pending.suffix(40).joined(separator: "\n") ?? ""
    }

    // MARK: Jobs

    /// Sends jobs of all lengths; returns their ids.
    func offer(_ count: Int, _ path: String? = nil, gap: Duration = .zero) async -> [String] {
        var ids: [String] = []
        for _ in 0..<count {
            let number = state.withLock { state in
                state.nextJob += 1
                return state.nextJob
            }
            let id = "job-\(number)"
            ids.append(id)
            let paths = ["now", "after/100", "after/700", "now", "after/300"]
            await ask(id, path ?? paths[number % paths.count])
            if gap > .zero { try? await Task.sleep(for: gap) }
        }
        return ids
    }

    /// Nothing is wrong when it cannot be sent: it is asked again.
    func ask(_ id: String, _ path: String = "now") async {
        ledger.asks(id)
        try? await controller.sendJob(
            id, tool: "http", target: "http://127.0.0.1:\(target.port())/\(path)/\(id)",
            parameters: ["include_body": true], extra: ["timeout": 30])
    }

    /// Returns once the node has answered a ping on an authenticated connection: it has then taken every job before it.
    /// - Returns: how long that took.
    @discardableResult
    func reach(within limit: Duration) async throws -> Duration {
        let start = ContinuousClock.now
        var asked: Set<String> = []
        repeat {
            if let live = ledger.live, live.controller == state.withLock({ $0.controllers }) {
                let payload = state.withLock { state in
                    state.nextPing += 1
                    return "ping-\(state.nextPing)"
                }
                asked.insert(payload)
                do {
                    try await controller.command("ping", ["payload": .string(payload)], on: live.connection)
                    // Results may stand before an earlier pong.
                    try await ledger.pong(asked)
                    return ContinuousClock.now - start
                } catch {
                    // That connection has ended, or is about to.
                }
            }
            if let status = try? await node.process.exit(within: .milliseconds(10)) {
                throw Lost(description: "the node ended: \(status)")
            }
        } while ContinuousClock.now - start < limit
        throw Lost(description: "the node was not back within \(limit)")
    }
}
